"""Execution environments: the images that an administrator says content could run in, and who may use them."""
