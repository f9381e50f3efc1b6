"""The gateway's own screens.

Sign in, the gates in front of an app, and errors, rendered from plain view models.
"""
