"""What a vendor role may be called, before anything is asked of the vendor: one pure check for all who take one."""

from __future__ import annotations

from integrations.template import Template

LONGEST = 255


def takes_roles(template: Template | None) -> bool:
    """Whether connections of this vendor are made for a role."""
    return bool(getattr(template, "takes_roles", False))


def problem(template: Template | None, role: str) -> str | None:
    """Why a connection cannot be made for this role, as a sentence; None when it may be asked for. "" is allowed."""
    if not role:
        return None
    if template is None or not takes_roles(template):
        called = template.name if template else "This vendor"
        return f"{called} has no roles to choose from; leave the role out."
    if len(role) > LONGEST:
        return f"A role has at most {LONGEST} characters."
    if not role.isprintable() or role != role.strip():
        return "A role is one line of text, without spaces around it."
    return None
