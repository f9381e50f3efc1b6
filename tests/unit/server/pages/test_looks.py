"""Every vendor's tile and icon exist, and an unknown one has some too."""

import re

from integrations.catalog import load
from server.pages.looks import vendor_look
from server.pages.render import STATIC, TEMPLATES


def test_every_vendor_names_an_icon_and_a_tile_that_exist() -> None:
    icons = set(re.findall(r'name == "([a-z-]+)"', (TEMPLATES / "icons.html").read_text()))
    tiles = set(re.findall(r"\.tile\.([a-z]+)", (STATIC / "tabard.css").read_text()))
    for template in load().all():
        tile, icon = vendor_look(template.key)
        assert tile in tiles
        assert icon in icons, template.key
    assert vendor_look("nobody") == ("violet", "plug")
