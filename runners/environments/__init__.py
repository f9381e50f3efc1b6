"""From a bundle's requirements to an interpreter with its packages, cached by content."""
