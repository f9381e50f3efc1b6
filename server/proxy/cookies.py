"""Cookies across the proxy: the gateway's own are cut out of requests byte for byte, apps' are kept in their place."""

import re
from functools import lru_cache

# Everything that some server, somewhere, strips from around a cookie's name: controls, spaces, quotes, high
# bytes.
_AROUND_NAMES = bytes(set(range(0x21)) | set(range(0x7F, 0x100)) | set(b"\"'(),/:<=>?@[\\]{}"))
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_PREFIXES = (b"__host-http-", b"__http-", b"__host-", b"__secure-")


class CookieRules:
    """What happens to Cookie and Set-Cookie fields, given the gateway's own cookie names."""

    def __init__(self, gateway_cookies: frozenset[bytes]) -> None:
        self._ours = frozenset(_bare(name) for name in gateway_cookies)

    def without_ours(self, values: list[bytes]) -> bytes:
        """The Cookie fields of one request as one field (RFC 6265 section 5.4 allows only one), without our cookies.

        Every other cookie keeps its bytes and its place. Returns b"" if nothing is left.
        """
        value = values[0] if len(values) == 1 else b"; ".join(values)
        pieces = value.split(b";")
        kept = [piece for piece in pieces if _bare(piece.partition(b"=")[0]) not in self._ours]
        if len(kept) == len(pieces):
            return value
        left = b";".join(kept)
        return left[1:] if left.startswith(b" ") else left

    def confined(self, value: bytes, base_path: str, *, hidden: str = "") -> bytes | None:
        """An app's Set-Cookie value with no Domain and its Path inside `base_path`, or None if it may not pass.

        `hidden` is the base path if the app does not know it, and is put before the path it says. Refused: our
        names in any spelling, no name at all (browsers would send the value as if it were a name), a name that is
        no token, control bytes (RFC 6265bis section 5.6). Other attributes keep their bytes.
        """
        if _CONTROL.search(value) is not None:
            return None
        pair, *attributes = value.split(b";")
        name, equals, _ = pair.partition(b"=")
        if not equals or _TOKEN.fullmatch(name.strip(b" ")) is None or _bare(name) in self._ours:
            return None
        path = b""
        kept = [pair]
        for attribute in attributes:
            key, _, setting = attribute.partition(b"=")
            key = key.strip(b" ").lower()
            if key == b"path":
                path = setting.strip(b" ")
            elif key != b"domain":
                kept.append(attribute)
        kept.append(b" Path=" + _inside(path, base_path.encode(), hidden.encode()))
        return b";".join(kept)


@lru_cache(maxsize=4096)
def _bare(name: bytes) -> bytes:
    """A cookie name as the most forgiving reader would take it, without the prefixes browsers know."""
    bare = name.strip(_AROUND_NAMES).lower()
    for prefix in _PREFIXES:
        if bare.startswith(prefix):
            return bare[len(prefix) :]
    return bare


def _inside(path: bytes, base: bytes, hidden: bytes) -> bytes:
    """`path` if it plainly lies inside `base`, or does so with `hidden` before it, else `base`."""
    plain = path.startswith(b"/") and not any(odd in path for odd in (b"..", b"%", b"\\", b"//"))
    if plain and (not base or path == base or path.startswith(base + b"/")):
        return path
    if plain and hidden and path != b"/":
        return hidden + path
    return base or b"/"
