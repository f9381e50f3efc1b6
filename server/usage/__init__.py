"""Usage: page visits and live connections, recorded off the visitor's path and told by API."""
