"""Queries over content records and their variables."""

from __future__ import annotations

import re
import secrets
import uuid
from typing import Any

from sqlmodel import Session, col, delete, select

from server.db.clock import now
from server.db.models import Bundle, Content, EnvironmentVariable, Permission, RoleChoice, User
from server.web.errors import DUPLICATE_NAME, ApiError, invalid, not_found

INVALID_NAME = 5
NAME = re.compile(r"[A-Za-z0-9._-]{3,64}")


def checked_name(name: str) -> str:
    """`name`, if content may carry it. Raises ApiError 400, code 5."""
    if not NAME.fullmatch(name):
        raise ApiError(400, INVALID_NAME, "A content name has 3 to 64 letters, digits, dots, dashes or underscores.")
    return name


def checked_tuning(tuning: dict[str, Any]) -> dict[str, Any]:
    """`tuning`, if its settings fit each other. Raises ApiError 400."""
    least, most = tuning.get("min_processes"), tuning.get("max_processes")
    if least is not None and most is not None and least > most:
        raise invalid("min_processes is larger than max_processes.")
    return tuning


def by_guid(session: Session, guid: str) -> Content:
    """The record. Raises ApiError 404."""
    row = session.exec(select(Content).where(Content.guid == guid)).first()
    if row is None:
        raise not_found("content item")
    return row


def by_id(session: Session, content_id: int) -> Content:
    """The record. Raises ApiError 404."""
    row = session.get(Content, content_id)
    if row is None:
        raise not_found("content item")
    return row


def _name_taken(session: Session, owner_id: int, name: str, but: int | None = None) -> bool:
    query = select(Content.id).where(Content.owner_id == owner_id, Content.name == name, Content.id != but)
    return session.exec(query).first() is not None


def add(session: Session, owner_id: int, fields: dict[str, Any]) -> Content:
    """A new, undeployed item; a name is invented where none is given. Raises ApiError 409, code 26."""
    fields = dict(fields)
    name = fields.pop("name", None) or f"content-{secrets.token_hex(6)}"
    if _name_taken(session, owner_id, name):
        raise ApiError(409, DUPLICATE_NAME, "You already have content of this name.")
    moment = now()
    checked_tuning(fields.get("tuning", {}))
    row = Content(
        guid=str(uuid.uuid4()), owner_id=owner_id, name=name, created_time=moment, last_deployed_time=moment, **fields
    )
    session.add(row)
    session.flush()
    return row


def _owner_id(session: Session, guid: str) -> int:
    owner = session.exec(select(User).where(User.guid == guid)).first()
    if owner is None or owner.id is None or owner.role == "viewer":
        raise ApiError(400, 156, "owner_guid must name a publisher or administrator.")
    return owner.id


def change(session: Session, guid: str, fields: dict[str, Any]) -> Content:
    """Change a record; `tuning` is merged key by key. Raises ApiError 404, 409 (name taken)."""
    fields = dict(fields)
    row = session.exec(select(Content).where(Content.guid == guid).with_for_update()).first()
    if row is None:
        raise not_found("content item")
    owner_guid = fields.pop("owner_guid", None)
    owner_id = row.owner_id if owner_guid is None else _owner_id(session, owner_guid)
    if _name_taken(session, owner_id, fields.get("name", row.name), row.id):
        raise ApiError(409, DUPLICATE_NAME, "The owner already has content of this name.")
    row.owner_id = owner_id
    if owner_guid is not None:
        session.exec(
            delete(Permission).where(col(Permission.content_id) == row.id, col(Permission.principal_guid) == owner_guid)
        )
    if "tuning" in fields:
        merged = {**row.tuning, **fields.pop("tuning")}
        row.tuning = checked_tuning({name: value for name, value in merged.items() if value is not None})
    for name, value in fields.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    return row


def drop(session: Session, guid: str) -> tuple[int, list[int]]:
    """Delete a record with everything that hangs on it; returns its id and its bundles' ids."""
    row = by_guid(session, guid)
    assert row.id is not None
    bundles = [b for b in session.exec(select(Bundle.id).where(Bundle.content_id == row.id)).all() if b is not None]
    session.exec(delete(RoleChoice).where(col(RoleChoice.content_guid) == guid))
    session.delete(row)
    return row.id, bundles


def variable_names(session: Session, content_id: int) -> list[str]:
    """The names of an item's variables, in order."""
    query = select(EnvironmentVariable.name).where(EnvironmentVariable.content_id == content_id)
    return sorted(session.exec(query).all())


def variables(session: Session, content_id: int) -> dict[str, bytes]:
    """The sealed values of an item's variables."""
    rows = session.exec(select(EnvironmentVariable).where(EnvironmentVariable.content_id == content_id)).all()
    return {row.name: row.sealed for row in rows}


def put_variables(session: Session, content_id: int, sealed: dict[str, bytes | None], *, replace: bool) -> list[str]:
    """Upsert variables (None deletes); with `replace`, all others go. Returns the names that remain."""
    if replace:
        session.exec(delete(EnvironmentVariable).where(col(EnvironmentVariable.content_id) == content_id))
    for name, value in sealed.items():
        row = session.get(EnvironmentVariable, (content_id, name))
        if value is None:
            if row is not None:
                session.delete(row)
        elif row is None:
            session.add(EnvironmentVariable(content_id=content_id, name=name, sealed=value))
        else:
            row.sealed = value
            session.add(row)
    session.flush()
    return variable_names(session, content_id)


def _storable(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 65536 and not re.search(r"[\0\ud800-\udfff]", value)


def checked_variables(items: Any) -> dict[str, str | None]:
    """The variables of an API request, in its order. Raises ApiError 400 (149 duplicates, 266 empty names)."""
    if not isinstance(items, list):
        raise invalid('Send a list such as [{"name": "A", "value": "1"}].')
    found: dict[str, str | None] = {}
    for item in items:
        name = item.get("name") if isinstance(item, dict) else None
        value = item.get("value") if isinstance(item, dict) else None
        if not isinstance(name, str) or not name.strip():
            raise ApiError(400, 266, "Every environment variable needs a name.")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}", name):
            raise invalid("A variable's name starts with a letter or underscore; then letters, digits, _ . -")
        if value is not None and not _storable(value):
            raise invalid(f"The value of {name} must be text of at most 65536 characters, or null to delete it.")
        if name in found:
            raise ApiError(400, 149, f"The variable {name} is given twice.")
        found[name] = value
    return found
