"""Share links: secret, expiring, revocable addresses that open content without any identity (seed 004)."""
