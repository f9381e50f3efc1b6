"""Bundles: uploaded versions of content, from the request body to files that survive a power cut."""
