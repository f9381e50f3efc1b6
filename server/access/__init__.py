"""Access: pure decisions over who may see and change content, and the access list's API."""
