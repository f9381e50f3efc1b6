"""The audit trail: who did what, when, and never a secret."""
