"""Runs content somewhere and says where it listens; knows neither web framework nor database."""
