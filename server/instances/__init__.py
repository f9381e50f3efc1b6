"""Instances: the running processes of content, started once, watched, stopped, and shown as jobs."""
