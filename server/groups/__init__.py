"""Groups: people who are let in together."""
