"""Packages: what the versions that serve are made of, by content and over all content."""
