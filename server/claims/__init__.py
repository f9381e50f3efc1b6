"""Tools that sign their requests with a key of their own, which a person claims for herself (connect-api.md 1.8)."""
