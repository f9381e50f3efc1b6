"""OAuth clients and grants for external systems; knows neither web framework nor database."""
