"""Keys: the key file, and sealing what must not be readable in the database."""
