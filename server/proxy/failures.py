"""What can go wrong between the proxy and an app before the first response byte reached the client."""


class UpstreamFailed(Exception):
    """The app gave no usable answer; the text names no host, port or path and may be shown."""


class UpstreamRefused(UpstreamFailed):
    """No connection: nobody listens, or too many requests already wait. Becomes a 502 (or 503) page."""


class UpstreamTimedOut(UpstreamFailed):
    """Connecting, waiting for a free connection, or waiting for the answer took too long. Becomes a 504 page."""


class UpstreamBroke(UpstreamFailed):
    """The app closed the connection or answered something that is not HTTP. Becomes a 502 page."""
