"""Plumbing for requests: who calls, JSON bodies, the one error shape, declared routes, CSRF."""
