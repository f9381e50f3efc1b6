"""Any provider that follows the standards to the letter, for templates that name no vendor."""

from typing import ClassVar

from integrations.sandbox.behaviour import Behaviour


class Plain(Behaviour):
    """Every scope is known; refresh tokens are good once, and a used one ends its consent."""

    key = "plain"
    name = "Any provider"
    client: ClassVar = {"scopes": ("*",), "reuse_detection": True}
