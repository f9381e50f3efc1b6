"""The exchange of a session handle for an access token (RFC 8693)."""
