"""Caches: the environments that were built, as administrators see and delete them."""
