"""Tools that people sign in by OAuth: registered clients, their sign-ins and tokens; the authorization server."""
