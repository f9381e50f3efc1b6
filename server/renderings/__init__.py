"""Renderings: content without a living process, what makes its files, and when."""
