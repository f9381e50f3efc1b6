"""Routing: which content an address means."""
