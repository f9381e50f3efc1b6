"""Events as sentences that people understand: "Sales used your Snowflake connection (role ANALYST)"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from server.db.models import AuditEvent

SENTENCES = {
    "exchange_credentials": "{content} used {access}",
    "refuse_exchange": "{content} was refused the use of {access}",
    "start_oauth_consent": "{actor} went to {integration} to connect",
    "connect_oauth_integration": "{actor} connected {integration}{role}",
    "change_oauth_account": "{access} now stands for the account {after} instead of {before}",
    "refuse_oauth_account": "{actor} signed in at {integration} as {after}, and {before} was kept",
    "choose_oauth_role": "{actor} chose a role at {integration}{role}",
    "decline_oauth_consent": "{actor} did not connect {integration}",
    "fail_oauth_consent": "{actor} could not connect {integration} ({code})",
    "refuse_oauth_callback": "An answer that {integration} was said to have sent {actor} was refused",
    "disconnect_oauth_integration": "{actor} disconnected {access}",
    "refresh_oauth_session": "{access} was renewed",
    "fail_oauth_refresh": "{access} could not be renewed ({code})",
    "end_oauth_session": "{access} ended ({reason})",
    "refuse_oauth_client": "{integration} refused the integration's own credentials ({code})",
    "damaged_oauth_session": "{access} was found changed or moved in the database, and was not used",
    "add_oauth_integration": "{actor} added the integration {integration}",
    "edit_oauth_integration": "{actor} changed the integration {integration}",
    "remove_oauth_integration": "{actor} removed the integration {integration}",
    "verify_oauth_integration": "{actor} tested the integration {integration} ({result})",
    "edit_content_oauth_integrations": "{actor} changed which integrations {content} may use",
    "issue_token": "A token of {integration} was signed for {person}{role}",
    "edit_role_mapping": "{actor} changed who may carry which role at {integration}",
    "add_signing_key": "A signing key of {integration} was made",
    "use_signing_key": "{actor} began to sign for {integration} with a new key",
    "remove_signing_key": "{actor} took back a signing key of {integration}",
    "fail_aws_credentials": "AWS gave no credentials for {integration} ({code})",
    "open_share_link": "Somebody opened {content} by a share link",
    "sign_in": "{person} signed in",
    "sign_in_failed": "Somebody failed to sign in as {username}",
    "sign_out": "{actor} signed out",
    "bootstrap": "{person} was made the first administrator",
    "deploy": "{actor} deployed {content}",
    "build": "{actor} built {content}",
    "render": "{actor} rendered {content}",
    "begin_audit_chain": "The audit trail was linked from here on ({count} earlier events)",
    "lose_audit_events": "{count} audit events were lost while the database was away",
    "export_audit_trail": "{actor} exported the audit trail",
}
PAST = {
    "add": "added",
    "edit": "changed",
    "remove": "removed",
    "set": "set",
    "choose": "chose",
    "allow": "allowed",
    "refuse": "refused",
    "end": "ended",
    "register": "registered",
    "lock": "locked",
    "unlock": "unlocked",
    "lend": "lent",
    "revoke": "revoked",
    "rotate": "replaced",
    "test": "tested",
    "delete": "deleted",
    "use": "used",
    "create": "made",
}
ACRONYMS = {"api": "API", "oauth": "OAuth", "id": "ID", "jwt": "JWT"}


# What sorts of events are called in a list of them, where their own name says it badly.
CALLED = {
    "exchange_credentials": "App used a connection",
    "refuse_exchange": "App was refused a connection",
    "start_oauth_consent": "Went to connect",
    "connect_oauth_integration": "Connected",
    "change_oauth_account": "Connected another account",
    "decline_oauth_consent": "Declined to connect",
    "fail_oauth_consent": "Could not connect",
    "refuse_oauth_callback": "Provider's answer refused",
    "disconnect_oauth_integration": "Disconnected",
    "refresh_oauth_session": "Connection renewed",
    "fail_oauth_refresh": "Connection not renewed",
    "end_oauth_session": "Connection ended",
    "damaged_oauth_session": "Damaged connection found",
    "refuse_oauth_client": "Integration's credentials refused",
    "add_oauth_integration": "Integration added",
    "edit_oauth_integration": "Integration changed",
    "remove_oauth_integration": "Integration removed",
    "verify_oauth_integration": "Integration tested",
}


def words_of(action: str) -> str:
    """What a sort of events is called: `add_api_key` is "Add API key"."""
    words = " ".join(ACRONYMS.get(word, word) for word in action.split("_"))
    return CALLED.get(action) or words[:1].upper() + words[1:]


@dataclass(frozen=True)
class Names:
    """What people and things are called now, by GUID; what is gone has no name. `roles` are those of connections."""

    people: Mapping[str, str] = field(default_factory=dict)
    content: Mapping[str, str] = field(default_factory=dict)
    integrations: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One event for a page: when, in a sentence, and the event itself."""

    time: datetime
    text: str
    event: AuditEvent


class _Said(dict[str, str]):
    """The values of a sentence; what an event does not say is a dash."""

    def __missing__(self, _key: str) -> str:
        return "–"


def sentence(event: AuditEvent, names: Names, *, you: str = "") -> str:
    """What happened, in a sentence, as told to the person with the GUID `you`."""
    data = {name: value if isinstance(value, str) else str(value) for name, value in event.data.items()}
    person = _person(event.subject, names, you)
    actor = _person(event.actor_guid, names, you, otherwise="Tabard" if event.actor == "system" else event.actor)
    content = names.content.get(event.content or "", "Deleted content") if event.content else "The content"
    known = _integration(event, names)
    role = str(event.data.get("role") or names.roles.get(event.connection or "", ""))
    told = f" (role {role})" if role else ""
    values = {"integration": known, "content": content, "actor": actor, "person": person, "role": told}
    template = SENTENCES.get(event.action)
    if template is None:
        return _plain(event, actor, content)
    access = _access(event, names, you) + told
    text = template.format_map(_Said({**data, **values, "access": access}))
    times = event.data.get("times")
    again = f", {times} times" if isinstance(times, int) and times > 1 else ""
    return text[:1].upper() + text[1:] + again


def _person(guid: str | None, names: Names, you: str, *, otherwise: str = "Somebody") -> str:
    if guid is not None and guid == you:
        return "you"
    return names.people.get(guid or "", otherwise)


def _integration(event: AuditEvent, names: Names) -> str:
    if event.integration is None:
        return "the provider"
    return names.integrations.get(event.integration) or str(event.data.get("vendor") or "a removed integration")


def _access(event: AuditEvent, names: Names, you: str) -> str:
    """Whose way into which system: a person's connection, or the content's own service account."""
    system = names.integrations.get(event.integration or "") or str(event.data.get("vendor") or "former")
    if event.subject is None and event.connection is None:
        return f"{_integration(event, names)} as its service account"
    if event.subject is None:
        return f"{'an' if system[:1] in 'AEIOUaeiou' else 'a'} {system} connection"
    if event.subject == you:
        return f"your {system} connection"
    owner = names.people.get(event.subject)
    return f"{owner}’s {system} connection" if owner else f"the {system} connection of a deleted account"


def _plain(event: AuditEvent, actor: str, content: str) -> str:
    """A sentence of the action's own name: `edit_schedule` is "Ann changed schedule of Sales"."""
    verb, _, what = event.action.partition("_")
    words = " ".join(ACRONYMS.get(word, word) for word in what.split("_") if word)
    told = f"{actor} {PAST[verb]} {words}".rstrip() if verb in PAST else f"{actor}: {event.action.replace('_', ' ')}"
    if event.content is not None and what not in ("content", ""):
        told += f" of {content}"
    elif event.content is not None:
        told = f"{actor} {PAST.get(verb, verb)} {content}"
    elif isinstance(name := event.data.get("name"), str):
        told += f" “{name}”"
    return told[:1].upper() + told[1:]
