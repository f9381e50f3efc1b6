"""Scopes as sentences: what a person reads on the connect screen and on Connected accounts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from integrations.roles import role_of
from integrations.template import Template

_KEEP: Final = "Keep the connection until you end it"
_GOOGLE: Final = "https://www.googleapis.com/auth/"

WORDS: Final = {
    "openid": "Know that it is you",
    "profile": "See your name there",
    "email": "See your e-mail address there",
    "offline_access": _KEEP,
    "refresh_token": _KEEP,
    "session:role-any": "Act in any of your roles there",
    f"{_GOOGLE}userinfo.email": "See your e-mail address there",
    f"{_GOOGLE}userinfo.profile": "See your name there",
    f"{_GOOGLE}bigquery": "Read and change your data in BigQuery",
    f"{_GOOGLE}bigquery.readonly": "Read your data in BigQuery",
    f"{_GOOGLE}cloud-platform": "Use your Google Cloud services",
    f"{_GOOGLE}cloud-platform.read-only": "Read from your Google Cloud services",
    f"{_GOOGLE}drive": "Read and change your files in Google Drive",
    f"{_GOOGLE}drive.file": "Use the files in Google Drive that you open with it",
    f"{_GOOGLE}drive.readonly": "Read your files in Google Drive",
    f"{_GOOGLE}spreadsheets": "Read and change your Google Sheets",
    f"{_GOOGLE}spreadsheets.readonly": "Read your Google Sheets",
    "all-apis": "Use everything in Databricks that you may use",
    "sql": "Run queries in Databricks SQL",
    "repo": "Read and change your repositories on GitHub",
    "public_repo": "Read and change your public repositories on GitHub",
    "read:user": "See your profile on GitHub",
    "user:email": "See your e-mail addresses on GitHub",
    "read:org": "See the organisations you are in on GitHub",
    "gist": "Make and change your gists on GitHub",
    "api": "Use its data as you",
    "full": "Use everything there that you may use",
    "id": "Know that it is you",
    "web": "Open its pages as you",
    "User.Read": "See your profile at Microsoft",
    "Files.Read": "Read your files in OneDrive",
    "Files.Read.All": "Read the files you may read at Microsoft",
    "Files.ReadWrite.All": "Read and change the files you may change at Microsoft",
    "Sites.Read.All": "Read the SharePoint sites you may read",
    "Sites.ReadWrite.All": "Read and change the SharePoint sites you may change",
    "Mail.Read": "Read your mail",
    "Mail.Send": "Send mail as you",
    "Calendars.Read": "Read your calendars",
}
_EVERYTHING: Final = re.compile(r"(?:[a-z]+://)?(?P<host>[A-Za-z0-9.-]+)(?:/[^ ]*)?/\.default")


@dataclass(frozen=True)
class Said:
    """A scope in words; `raw` is the scope itself, empty where the words are nothing but it, or it would need some."""

    words: str
    raw: str = ""


def in_words(scope: str, template: Template | None) -> Said:
    """What this scope of this vendor lets an app do."""
    roles = None if template is None else template.data.roles
    if scope in WORDS:
        return Said(WORDS[scope], "" if "token" in scope else scope)
    role = None if roles is None else role_of(roles, scope)
    if role:
        return Said(f"Act in the role {role}", scope)
    microsoft = scope.removeprefix("https://graph.microsoft.com/")
    if microsoft in WORDS:
        return Said(WORDS[microsoft], scope)
    everything = _EVERYTHING.fullmatch(scope)
    if everything is not None:
        return Said(f"Use {everything['host']} as far as you may", scope)
    return Said(scope)
