"""Bundles as they arrive: unpacked safely, and their manifest read."""
