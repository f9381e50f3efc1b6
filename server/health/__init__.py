"""How each integration fares: counted from every grant at its provider, judged, and told to administrators."""
