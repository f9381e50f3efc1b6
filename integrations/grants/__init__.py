"""The OAuth grants, one module each: what is asked of a provider and how its answer is read."""
