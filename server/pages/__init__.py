"""The gateway's own screens: sign in, the gates in front of an app, and errors, rendered from plain view models."""
