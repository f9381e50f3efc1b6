"""How single vendors differ from plain OAuth 2.0, one module each."""
