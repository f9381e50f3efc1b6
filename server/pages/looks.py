"""How a vendor looks on every page: the tile and the icon that its template names."""

from __future__ import annotations

from integrations.catalog import load

UNKNOWN = ("violet", "plug")


def vendor_look(key: str) -> tuple[str, str]:
    """The tile's colour class and the icon's name of the vendor with this template id."""
    template = load().get(key)
    return (template.mark.tile, template.mark.icon) if template else UNKNOWN
