"""The places where instances run, one module each."""
