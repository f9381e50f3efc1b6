"""Tasks: long work that clients poll, with its output kept in the database."""
