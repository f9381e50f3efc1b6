"""Whether an answer came from where a flow was sent: the callback's address and the issuer (RFC 9207, RFC 9700 4.4)."""

from __future__ import annotations

from integrations.contract import ClientConfig
from server.connect.answer import Answer
from server.db.models import Flow, Integration


def redirect_uri(shared: str, integration: Integration) -> str:
    """Where the provider sends people back to: the address all integrations share, or one of its own (O-08)."""
    return f"{shared}/{integration.guid}" if integration.own_callback else shared


def came_back_to(flow: Flow, integration: Integration, said: str | None) -> bool:
    """Whether the callback's address fits the flow; `said` is the integration that the address names, if any.

    A flow that was told an address of its own ends nowhere else, and an address that names an integration ends no
    other one's flow.
    """
    if said is None:
        return not flow.redirect_uri.endswith(f"/{integration.guid}")
    return said == integration.guid


def foreign_issuer(config: ClientConfig, answer: Answer) -> bool:
    """Whether another authorization server answered, as far as that can be told.

    An issuer that is named must be the very one that is configured; one that the provider says it always names must
    not be missing (O-06). Where none is configured, an issuer says nothing.
    """
    if config.issuer is None:
        return False
    if answer.issuer is None:
        return config.issuer_in_response
    return answer.issuer != config.issuer
