"""Repositories: which git repository a content item is deployed from, and making versions of what is in it."""
