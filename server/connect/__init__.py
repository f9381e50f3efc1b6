"""The browser's way to a provider's consent and back: start, callback, and the pages around them."""
