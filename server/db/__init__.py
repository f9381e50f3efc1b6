"""Tables: the engine, the models and the migrations; imports nothing of the server but its settings."""
