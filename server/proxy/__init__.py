"""The proxy room: passes bytes both ways between a client and an app, and knows nothing of users or content."""
