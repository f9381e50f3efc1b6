"""The pages around a consent: the connect gate, what happened when it did not come about, other trouble."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from integrations.catalog import Catalog
from integrations.contract import ClientConfig
from server.connect.asking import Ask
from server.keys.keyring import Keyring
from server.oauth.scopes import in_words
from server.pages.views import AccountChanged, Connect, Contact, Declined, Problem, RoleAsk, Scope
from server.pages.views import Asking as AskingView
from server.web.caller import Caller
from server.web.screens import Screens, request_id, safe_return

# A page that shows a provider's answer must not hand its address on (O-10).
PRIVATE = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
# Seconds in which a note about another account is shown again when its page is reloaded.
NOTE_LIFE = 600


class ConnectPages:
    """Builds the screens of the connect room."""

    def __init__(self, screens: Screens, keyring: Keyring, catalog: Catalog) -> None:
        self._screens, self._catalog = screens, catalog
        self._key = keyring.derived("account note")

    def gate(
        self,
        request: Request,
        caller: Caller,
        ask: Ask,
        config: ClientConfig,
        *,
        next_path: str,
        role: RoleAsk | None = None,
        again: str = "",
        step: int = 1,
        steps: int = 1,
        status: int = 200,
    ) -> Response:
        """The connect screen: what asks for what, and the button that starts the consent."""
        name = ask.integration.name or ask.integration.template
        view = Connect(
            page=self._screens.page(request_id(request), caller, f"Connect {name}"),
            asking=asking(ask, next_path),
            owner=Contact(name=ask.view.owner_name if ask.view else "this server's administrator"),
            scopes=self._scopes(ask, config),
            role=role,
            again=again,
            step=step,
            steps=steps,
        )
        return self._screens.reply("connect", view, status)

    def _scopes(self, ask: Ask, config: ClientConfig) -> tuple[Scope, ...]:
        template = self._catalog.get(ask.integration.template)
        said = (in_words(scope, template) for scope in config.scopes)
        return tuple(Scope(words=one.words, raw=one.raw) for one in said)

    def declined(
        self,
        request: Request,
        caller: Caller,
        ask: Ask,
        *,
        next_path: str,
        by: Literal["person", "provider", "role"],
        said: str = "",
        refused: str = "",
        role: RoleAsk | None = None,
    ) -> Response:
        """The consent did not come about: 403 when she or her role was refused, 400 when the client was."""
        name = ask.integration.name or ask.integration.template
        view = Declined(
            page=self._screens.page(request_id(request), caller, f"{name} is not connected"),
            asking=asking(ask, next_path),
            by=by,
            said="" if by == "person" else said,
            refused=refused,
            role=role,
        )
        return self._screens.reply("declined", view, 400 if by == "provider" else 403, **PRIVATE)

    def note(self, caller: Caller, ask: Ask, next_path: str, before: str, after: str) -> str:
        """What `account_changed` shows, signed for this person's own session, to go into its address."""
        facts = [ask.integration.guid, ask.integration.name or "", ask.integration.template]
        content = [ask.view.guid, ask.view.title] if ask.view else ["", ""]
        return str(self._signer(caller).dumps([*facts, *content, next_path, before, after]))

    def account_changed(self, request: Request, caller: Caller, note: str) -> Response | None:
        """Whose account it is now; None where the note is not one for this session, or old."""
        try:
            found: Any = self._signer(caller).loads(note, max_age=NOTE_LIFE)
        except BadData:
            return None
        guid, name, template, content_guid, title, next_path, before, after = found
        view = AccountChanged(
            page=self._screens.page(request_id(request), caller, f"{name or template} is connected"),
            asking=AskingView(
                content_guid=content_guid,
                content_title=title,
                integration_guid=guid,
                integration_name=name or template,
                vendor=template,
                next=safe_return(next_path),
            ),
            before=before,
            after=after,
        )
        return self._screens.reply("account_changed", view, 200, **PRIVATE)

    def _signer(self, caller: Caller) -> URLSafeTimedSerializer:
        options = {"digest_method": hashlib.sha256}
        return URLSafeTimedSerializer(self._key, salt=f"account {caller.credential}", signer_kwargs=options)

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


def asking(ask: Ask, next_path: str) -> AskingView:
    """The heart of both screens. Content that was found only as an example is not what the consent is for."""
    return AskingView(
        content_guid=ask.view.guid if ask.view and ask.association else "",
        content_title=ask.view.title if ask.view else "",
        integration_guid=ask.integration.guid,
        integration_name=ask.integration.name or ask.integration.template,
        vendor=ask.integration.template,
        next=next_path,
    )
