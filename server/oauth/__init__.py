"""Integrations and their associations with content: configured OAuth clients and who may use them."""
