"""Paths of content's own, such as `/finance/`: who has which, and which content a path leads to."""
