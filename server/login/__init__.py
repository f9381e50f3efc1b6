"""Login: signing in with a local account, and signing out."""
