"""Publishing: what publishers do by API with content, its variables and its versions."""
