"""Discovery: what clients ask about the server before they do anything (connect-api.md 1.3)."""
