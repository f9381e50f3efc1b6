"""The kinds of content, one module each, and the catalog that finds them."""
