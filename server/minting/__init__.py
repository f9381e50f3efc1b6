"""External OAuth: this server as the authorization server of a warehouse, with signing keys of its own (seed 002)."""
