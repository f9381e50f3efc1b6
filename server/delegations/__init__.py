"""Delegated authorizations (seed 003): who let which integration act for her, or need not be asked, and ending it."""
