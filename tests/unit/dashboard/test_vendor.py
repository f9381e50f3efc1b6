"""Vendored code is what its note says it is."""

import hashlib

from dashboard.render import STATIC


def test_htmx_is_the_file_the_note_names() -> None:
    note = (STATIC / "vendor" / "README.md").read_text()
    held = (STATIC / "vendor" / "htmx.min.js").read_bytes()
    assert hashlib.sha256(held).hexdigest() in note
    assert (STATIC / "vendor" / "htmx.LICENSE").is_file()
