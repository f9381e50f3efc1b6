"""Tags in a tree, and which content carries which."""
