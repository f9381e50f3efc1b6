"""Accounts: people, their passwords and roles, their API keys."""
