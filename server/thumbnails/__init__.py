"""Pictures of content: received, kept as files, shown to whoever may look at the content."""
