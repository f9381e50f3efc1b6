"""Viewers' connections: sealed tokens, one refresh at a time, and what ends a connection (security.md 7)."""
