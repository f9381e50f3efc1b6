"""The pages around a consent: the connect gate, what happened when it did not come about, other trouble."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from integrations.contract import ClientConfig
from server.connect.asking import Ask
from server.pages.views import Asking, Connect, Contact, Declined, Problem, Scope
from server.web.caller import Caller
from server.web.screens import Screens, request_id

# A page that shows a provider's answer must not hand its address on (O-10).
PRIVATE = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
WORDS = {
    "openid": "Know that it is you",
    "profile": "See your name there",
    "email": "See your e-mail address there",
    "offline_access": "Keep the connection until you end it",
    "refresh_token": "Keep the connection until you end it",
}


class ConnectPages:
    """Builds the screens of the connect room."""

    def __init__(self, screens: Screens) -> None:
        self._screens = screens

    def gate(
        self,
        request: Request,
        caller: Caller,
        ask: Ask,
        config: ClientConfig,
        *,
        next_path: str,
        again: str = "",
        step: int = 1,
        steps: int = 1,
    ) -> Response:
        """The connect screen: what asks for what, and the button that starts the consent."""
        name = ask.integration.name or ask.integration.template
        view = Connect(
            page=self._screens.page(request_id(request), caller, f"Connect {name}"),
            asking=asking(ask, next_path),
            owner=Contact(name=ask.view.owner_name if ask.view else "this server's administrator"),
            scopes=tuple(
                Scope(words=WORDS[scope], raw=scope) if scope in WORDS else Scope(words=scope)
                for scope in config.scopes
            ),
            again=again,
            step=step,
            steps=steps,
        )
        return self._screens.reply("connect", view)

    def declined(
        self, request: Request, caller: Caller, ask: Ask, *, next_path: str, by_person: bool, said: str
    ) -> Response:
        """The consent did not come about: 403 when the person said no, 400 when the provider did."""
        name = ask.integration.name or ask.integration.template
        view = Declined(
            page=self._screens.page(request_id(request), caller, f"{name} is not connected"),
            asking=asking(ask, next_path),
            by="person" if by_person else "provider",
            said="" if by_person else said,
        )
        return self._screens.reply("declined", view, 403 if by_person else 400, **PRIVATE)

    def problem(
        self, request: Request, caller: Caller, status: int, headline: str, explanation: str, *, back: str = "/"
    ) -> Response:
        """Any other trouble, in words."""
        view = Problem(
            page=self._screens.page(request_id(request), caller, headline),
            status=status,
            headline=headline,
            explanation=explanation,
            back=back,
            back_label="Go to Home" if back == "/" else "Go back",
        )
        return self._screens.reply("problem", view, status, **PRIVATE)


def asking(ask: Ask, next_path: str) -> Asking:
    """The heart of both screens."""
    return Asking(
        content_guid=ask.view.guid if ask.view else "",
        content_title=ask.view.title if ask.view else "",
        integration_guid=ask.integration.guid,
        integration_name=ask.integration.name or ask.integration.template,
        vendor=ask.integration.template,
        next=next_path,
    )
