"""Pages for publishers, viewers and administrators; stands on server."""
