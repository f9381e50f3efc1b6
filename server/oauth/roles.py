"""What a vendor role may be called, as far as it is known before the vendor is asked."""

from __future__ import annotations

from integrations.roles import LONGEST_ROLE
from integrations.template import Template

LONGEST = LONGEST_ROLE


def takes_roles(template: Template | None) -> bool:
    """Whether connections of this vendor are made for a role."""
    return template is not None and template.takes_roles


def problem(template: Template | None, role: str) -> str | None:
    """Why a connection cannot be made for this role, as a sentence; None when it may be asked for. "" is allowed."""
    if template is None:
        return "This server no longer knows the vendor, so no role can be chosen." if role else None
    return template.role_problem(role)
