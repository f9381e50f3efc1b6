"""One pool of HTTP/1.1 connections to one instance: keep-alive, bounded, no cookies, no redirects, no proxies."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one instance may be asked for at once, and how long the proxy waits for it (seconds, bytes)."""

    connections: int = 200
    waiting: int = 1000
    connect_seconds: float = 5.0
    queue_seconds: float = 30.0
    response_seconds: float = 300.0
    idle_seconds: float = 4.0
    header_bytes: int = 65536
    header_count: int = 200
    buffer_bytes: int = 262144


class Upstream:
    """The connections to one instance, at `host`:`port`."""

    def __init__(self, host: str, port: int, *, limits: Limits | None = None) -> None:
        self.host = host
        self.port = port
        self.limits = limits or Limits()
        self.in_flight = 0
