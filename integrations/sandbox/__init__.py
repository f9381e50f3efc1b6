"""A small, real OAuth 2.0 / OpenID Connect provider with a protected data API, for the demo and the tests."""
