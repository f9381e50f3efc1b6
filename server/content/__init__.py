"""Content: the published items, their in-memory views, records and variables."""
