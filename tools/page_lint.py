"""Reads a rendered page as a browser would, and says what our rules forbid: inline code, lost forms, strangers."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.pointers: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.form: dict[str, str] | None = None
        self.has_csrf = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(" ".join([tag, *sorted(found)]))
        if tag not in VOID:
            self.open.append(tag)
        for name, value in found.items():
            if name.startswith(("on", "hx-on")) or name == "style":
                self.faults.append(f"<{tag} {name}> is inline code or style")
            if name in ("href", "src", "action") and not value.startswith(
                ("/", "#", "mailto:", "http://localhost:3939/")
            ):
                self.faults.append(f"<{tag} {name}={value!r}> leads away")
        if tag == "style" or (tag == "script" and not found.get("src", "").startswith("/")):
            self.faults.append(f"<{tag}> is inline")
        if "id" in found:
            self.ids.append(found["id"])
        self.pointers += [found[name] for name in ("for", "aria-labelledby", "list") if name in found]
        self.pointers += found.get("aria-describedby", "").split()
        self.forms(tag, found)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def forms(self, tag: str, found: dict[str, str]) -> None:
        """Every posting form carries the csrf field."""
        if tag == "form":
            if self.form is not None:
                self.faults.append("a form within a form")
            self.form, self.has_csrf = found, False
        if tag == "input" and found.get("name") == "csrf" and found.get("value"):
            self.has_csrf = True

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")
        if tag == "form":
            if self.form is not None and self.form.get("method") == "post" and not self.has_csrf:
                self.faults.append(f"form {self.form.get('action')} has no csrf field")
            self.form = None


def faults(html: str) -> list[str]:
    """What is wrong with a page; empty when nothing is."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    found = list(reader.faults)
    found += [f"<{tag}> is never closed" for tag in reader.open]
    found += [f"id {one!r} is used twice" for one in {one for one in reader.ids if reader.ids.count(one) > 1}]
    found += [f"nothing has the id {one!r}" for one in reader.pointers if one not in reader.ids]
    return found


def tags(html: str) -> list[str]:
    """The elements a page really has, with the names of their attributes: what was escaped is not among them."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.tags
