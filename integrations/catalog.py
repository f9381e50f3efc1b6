"""All templates, read once from the files that ship with the package."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable
from importlib import resources
from importlib.resources.abc import Traversable

from pydantic import ValidationError

from integrations.schema import TemplateData
from integrations.template import Template


class TemplateError(ValueError):
    """A template file is wrong; the message names the file and the key."""


class Catalog:
    """The vendors on offer, in the order people should see them."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._templates = {template.key: template for template in templates}

    def get(self, key: str) -> Template | None:
        """The template with this id, or None."""
        return self._templates.get(key)

    @property
    def minted(self) -> frozenset[str]:
        """The ids of those whose tokens this server signs itself."""
        return frozenset(key for key, template in self._templates.items() if template.data.minted)

    def all(self) -> tuple[Template, ...]:
        """Every template, in display order."""
        return tuple(self._templates.values())


def parse(text: str, file_name: str) -> Template:
    """A template out of the text of its file. Raises TemplateError naming the file and every wrong key."""
    try:
        data = TemplateData.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"{file_name}: not TOML: {error}") from None
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'the file'}: {item['msg']}" for item in error.errors()
        )
        raise TemplateError(f"{file_name}: {problems}") from None
    if f"{data.key}.toml" != file_name:
        raise TemplateError(f"{file_name}: key: must be the file's own name without .toml")
    return Template(data)


def rebased(template: Template, base: str) -> Template:
    """The same template with every fixed ``https://host`` of its addresses replaced by ``base``, paths kept.

    For tests alone: it lets a vendor with addresses of its own be played by a server on this machine (``base`` is
    that server's origin, a path prefix may follow). No setting and no request leads here. Addresses that begin
    with a field, such as ``{account_url}``, follow that field and stay as they are.
    """
    data = template.data
    if data.endpoints is None:
        return template

    def placed(pattern: str | None) -> str | None:
        return re.sub(r"^https://[^/]+", lambda _: base, pattern) if pattern else pattern

    endpoints = {key: placed(pattern) for key, pattern in data.endpoints.patterns().items()}
    variants = [
        variant.model_copy(update={"endpoints": {key: placed(each) for key, each in variant.endpoints.items()}})
        for variant in data.variants
    ]
    moved = data.endpoints.model_copy(update=endpoints)
    return Template(data.model_copy(update={"endpoints": moved, "variants": variants}))


def read(folder: Traversable) -> Catalog:
    """The templates in a folder, in the order people should see them. Raises TemplateError."""
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    templates = [parse(file.read_text(encoding="utf-8"), file.name) for file in files]
    return Catalog(sorted(templates, key=lambda template: (template.data.order, template.key)))


@functools.cache
def load() -> Catalog:
    """The catalog that ships with the package. Raises TemplateError."""
    return read(resources.files("integrations.templates"))
