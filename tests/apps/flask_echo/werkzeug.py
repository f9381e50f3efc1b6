"""Has the name of something Flask stands on, and must not take its place."""

raise ImportError("the bundle's own werkzeug was imported")
