"""Which network addresses we may connect to: the one policy for every outbound call (security O-16)."""

from __future__ import annotations

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Services that hand out a machine's own credentials. Most clouds use a link-local address, refused anyway.
_METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "100.100.100.200",  # Alibaba Cloud
        "192.0.0.192",  # Oracle Cloud
        "168.63.129.16",  # Azure's platform channel
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google Cloud
    )
)
_THIS_NETWORK: Final = ipaddress.ip_network("0.0.0.0/8")
_TEREDO: Final = ipaddress.ip_network("2001::/32")
# Prefixes whose last 32 bits are an IPv4 address: IPv4-compatible, NAT64 (RFC 6052), local NAT64 (RFC 8215),
# IPv4-translated (RFC 2765).
_EMBEDDING: Final = tuple(
    ipaddress.ip_network(text) for text in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")
)


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address carries (mapped, 6to4, NAT64, translated), or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if int(address) > 1 and any(address in network for network in _EMBEDDING):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def refusal(text: str, *, allow_local: bool) -> str | None:
    """Why we do not connect to this IP address (a noun phrase), or None when we may.

    Loopback passes with ``allow_local``. Private ranges pass: an organisation's own identity provider lives
    there. Raises nothing; text that is no IP address is refused.
    """
    try:
        address = unwrapped(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return "something that is not an IP address"
    if address.is_loopback:
        return None if allow_local else "this machine itself (a loopback address)"
    reasons = (
        (address in _METADATA, "a cloud metadata service"),
        (address.is_link_local, "a link-local address"),
        (address.is_unspecified or address in _THIS_NETWORK, "the unspecified address"),
        (address.is_multicast, "a multicast address"),
        (address in _TEREDO or (address.version == 4 and address.is_reserved), "a reserved address"),
    )
    return next((reason for applies, reason in reasons if applies), None)


def is_loopback_host(host: str) -> bool:
    """Whether a host name or IP literal (without brackets) names this machine by its form alone."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return unwrapped(ipaddress.ip_address(name.partition("%")[0])).is_loopback
    except ValueError:
        return False
