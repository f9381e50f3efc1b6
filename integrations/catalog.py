"""All templates, read once from the files that ship with the package."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable
from importlib import resources

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


@functools.cache
def load() -> Catalog:
    """The catalog that ships with the package. Raises TemplateError."""
    folder = resources.files("integrations.templates")
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    templates = [parse(file.read_text(encoding="utf-8"), file.name) for file in files]
    return Catalog(sorted(templates, key=lambda template: (template.data.order, template.key)))
