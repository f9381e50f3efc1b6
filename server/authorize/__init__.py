"""Tabard as an authorization server for its own API: endpoints for tools, and the pages where people agree."""
