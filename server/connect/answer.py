"""What a provider sends back through the browser, read strictly (RFC 6749 section 4.1.2, RFC 9207)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

LONGEST_QUERY = 32_768
LONGEST_CODE = 16_384
LONGEST_SAID = 200
MOST_FIELDS = 50


class BadAnswer(Exception):
    """The callback's query cannot be an answer to anything we asked; the text is a sentence for the page."""


@dataclass(frozen=True)
class Answer:
    """Exactly one of `code` and `error` is set. `said` is the provider's sentence, shortened and printable."""

    state: str
    code: str = field(default="", repr=False)
    error: str = ""
    said: str = ""
    issuer: str | None = None


def read(query: bytes) -> Answer:
    """The answer in a raw query string. Raises BadAnswer.

    A parameter sent twice is refused whatever it is (RFC 6749 section 3.1); tokens in the query are ignored,
    so an answer that holds nothing else is refused (O-05).
    """
    if len(query) > LONGEST_QUERY:
        raise BadAnswer("The provider's answer is too long.")
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise BadAnswer("The provider's answer cannot be read.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadAnswer("The provider's answer names something twice.")
    state, code, error = fields.get("state", ""), fields.get("code", ""), fields.get("error", "")
    if not state:
        raise BadAnswer("The provider's answer does not say which request it belongs to.")
    if bool(code) == bool(error):
        raise BadAnswer("The provider's answer holds neither a code nor a reason, or both.")
    if len(code) > LONGEST_CODE:
        raise BadAnswer("The provider's answer is too long.")
    return Answer(
        state, code, _printable(error, 64), _printable(fields.get("error_description", "")), fields.get("iss")
    )


def _printable(text: str, longest: int = LONGEST_SAID) -> str:
    clean = "".join(ch if ch.isprintable() else " " for ch in text[: longest * 4])
    clean = " ".join(clean.split())
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"
