"""The gateway: the order of a visit's steps, and the answers where a visit ends early."""
