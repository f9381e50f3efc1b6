"""The two addresses of a consent: where it starts, and the one callback registered at every provider."""

from __future__ import annotations

import hmac
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from integrations.contract import ClientConfig
from integrations.errors import ClientRejected, ConsentEnded, ProviderError
from integrations.grants.authorization_code import begin
from server.audit.trail import Trail
from server.connect import answer as answers
from server.connect.answer import Answer, BadAnswer
from server.connect.asking import Ask, Asking
from server.connect.finish import Finish
from server.connect.flows import Flows, Taken, Target, new_token, well_formed
from server.connect.pages import PRIVATE, ConnectPages
from server.content.view import ContentView
from server.keys.keyring import SealBroken
from server.oauth.integrations import Integrations
from server.sessions.cookies import read_cookie, set_cookie
from server.web.body import read_form
from server.web.caller import Caller
from server.web.csrf import Csrf
from server.web.errors import XSRF, ApiError
from server.web.screens import caller_of, safe_return

LOGIN = "/__oauth__/integrations/{guid}/login"
CALLBACK = "/__oauth__/integrations/callback"
COOKIE, COOKIE_PATH, COOKIE_LIFE = "tabard_flow", "/__oauth__", 3600
NOT_STARTED_HERE = (
    "This sign-in was not started in this browser, was finished already, or took longer than ten minutes. "
    "Open the app again to start it anew."
)
CHANGED = "An administrator changed the integration while you were signing in. Open the app again to connect."


class ConnectRoom:
    """Mount `routes` at the root."""

    def __init__(
        self,
        integrations: Integrations,
        asking: Asking,
        flows: Flows,
        finish: Finish,
        pages: ConnectPages,
        *,
        csrf: Csrf,
        trail: Trail,
        callback_url: str,
        secure: bool,
    ) -> None:
        self._integrations = integrations
        self._asking = asking
        self._flows = flows
        self._finish = finish
        self._pages = pages
        self._csrf = csrf
        self._trail = trail
        self._callback_url = callback_url
        self._secure = secure
        self._cookie = f"__Secure-{COOKIE}" if secure else COOKIE
        self.routes = [
            # Every method comes to us, so that a later catch-all cannot answer in our place.
            Route(CALLBACK, self.callback, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
            Route(LOGIN, self.login, methods=["GET", "POST"]),
        ]

    async def gate(
        self,
        request: Request,
        caller: Caller,
        view: ContentView,
        integration_guid: str,
        *,
        next_path: str,
        again: str = "",
        step: int = 1,
        steps: int = 1,
    ) -> Response:
        """The connect screen in place of content that needs a connection first."""
        try:
            ask = Ask(await self._integrations.get(integration_guid), view)
            config = self._integrations.client_config(ask.integration)
        except (ApiError, SealBroken):
            return self._misconfigured(request, caller)
        return self._pages.gate(
            request,
            caller,
            ask,
            config,
            next_path=safe_return(next_path, f"{view.path}/"),
            again=again,
            step=step,
            steps=steps,
        )

    async def login(self, request: Request) -> Response:
        """GET shows what would be connected; only the button's POST goes to the provider (O-38)."""
        caller = caller_of(request)
        try:
            if request.method == "POST":
                return await self._start(request, caller)
            if caller.via != "session":
                return _sign_in(_own_address(request))
            query = request.query_params
            ask = await self._asking.find(caller, request.path_params["guid"], query.get("content"))
            config = self._integrations.client_config(ask.integration)
            return self._pages.gate(request, caller, ask, config, next_path=_target(ask, query.get("next")))
        except ApiError as error:
            return self._pages.problem(request, caller, error.status, _headline(error.status), error.message)
        except (ClientRejected, SealBroken):
            return self._misconfigured(request, caller)

    async def _start(self, request: Request, caller: Caller) -> Response:
        form = await read_form(request)
        next_path = safe_return(form.get("next"))
        if caller.via != "session":
            return _sign_in(next_path)
        self._check(request, caller, form.get("csrf"))
        ask = await self._asking.find(caller, request.path_params["guid"], form.get("content") or None)
        config = self._integrations.client_config(ask.integration)
        state = new_token()
        begun = begin(config, redirect_uri=self._callback_url, state=state)
        kept = read_cookie(request.scope["headers"], self._cookie)
        browser = kept if kept is not None and well_formed(kept) else new_token()
        target = Target(_target(ask, form.get("next")), ask.view.guid if ask.view else None)
        await self._flows.start(
            caller, ask.integration, state=state, browser=browser, verifier=begun.verifier, target=target
        )
        self._trail.later(
            caller,
            "start_oauth_consent",
            integration=ask.integration.guid,
            content=target.content_guid,
        )
        reply = RedirectResponse(begun.url, 303, PRIVATE)
        reply.headers["Set-Cookie"] = set_cookie(
            self._cookie, browser, secure=self._secure, max_age=COOKIE_LIFE, path=COOKIE_PATH
        )
        return reply

    def _check(self, request: Request, caller: Caller, sent: str | None) -> None:
        """The form came from our own page. Raises ApiError 403.

        The declined page is sent with `Referrer-Policy: no-referrer` (O-10), under which browsers say
        `Origin: null` with its form; there, Sec-Fetch-Site, which no page can set, says that it is ours.
        """
        if request.headers.get("origin") != "null":
            self._csrf.check(request, caller.credential, sent)
            return
        expected = self._csrf.token(caller.credential)
        same = request.headers.get("sec-fetch-site") == "same-origin"
        if not same or sent is None or not hmac.compare_digest(sent.encode(), expected.encode()):
            raise ApiError(403, XSRF, "The request did not come from this site's own page; reload it and try again.")

    async def callback(self, request: Request) -> Response:
        """Take the provider's answer: check whose it is, redeem the code, go back to the content."""
        if request.method != "GET":
            return Response(status_code=405, headers={"Allow": "GET", **PRIVATE})
        caller = caller_of(request)
        try:
            answer = answers.read(request.scope["query_string"])
        except BadAnswer as error:
            return self._refused(request, caller, 400, str(error))
        if caller.via != "session":
            return self._refused(
                request, caller, 403, "You are not signed in here any more. Sign in, and open the app again."
            )
        taken = await self._flows.take(answer.state, read_cookie(request.scope["headers"], self._cookie))
        if taken is None:
            return self._refused(request, caller, 400, NOT_STARTED_HERE)
        if (taken.flow.user_id, taken.flow.session_guid) != (caller.user_id, caller.credential):
            self._trail.later(caller, "refuse_oauth_callback", reason="another_person")
            return self._refused(
                request,
                caller,
                403,
                "Somebody else started this sign-in in this browser. Open the app again to start your own.",
            )
        return await self._answered(request, caller, taken, answer)

    async def _answered(self, request: Request, caller: Caller, taken: Taken, answer: Answer) -> Response:
        """The answer belongs to this person's own flow, which is used up from here on, whatever it says."""
        integration = await self._integrations.find(taken.flow.integration_id)
        if integration is None or integration.config_version != taken.flow.config_version:
            return self._refused(request, caller, 409, CHANGED)
        view = await self._asking.content(taken.flow.content_guid)
        ask = Ask(integration, view)
        try:
            config = self._integrations.client_config(integration)
        except (ApiError, SealBroken):
            return self._misconfigured(request, caller)
        if _foreign_issuer(config, answer):
            self._trail.later(caller, "refuse_oauth_callback", integration=integration.guid, reason="issuer")
            return self._refused(
                request, caller, 400, "The answer came from another provider than the one you were sent to."
            )
        next_path = safe_return(taken.flow.return_path)
        if answer.error:
            return self._declined(request, caller, ask, answer, next_path)
        try:
            kept = await self._finish.keep(caller, taken, config, answer.code)
        except ProviderError as error:
            self._trail.later(caller, "fail_oauth_consent", integration=integration.guid, code=error.code)
            return self._failed(request, caller, error, next_path)
        if kept is None:
            return self._refused(request, caller, 409, CHANGED)
        return RedirectResponse(next_path, 303, PRIVATE)

    def _declined(self, request: Request, caller: Caller, ask: Ask, answer: Answer, next_path: str) -> Response:
        by_person = answer.error == "access_denied"
        self._trail.later(
            caller, "decline_oauth_consent", integration=ask.integration.guid, code=answer.error, by_person=by_person
        )
        return self._pages.declined(
            request, caller, ask, next_path=next_path, by_person=by_person, said=answer.said or answer.error
        )

    def _failed(self, request: Request, caller: Caller, error: ProviderError, back: str) -> Response:
        status = 400 if isinstance(error, ConsentEnded) else 502
        return self._pages.problem(request, caller, status, "The connection was not made", error.reason, back=back)

    def _refused(self, request: Request, caller: Caller, status: int, explanation: str) -> Response:
        return self._pages.problem(request, caller, status, "This sign-in cannot be finished", explanation)

    def _misconfigured(self, request: Request, caller: Caller) -> Response:
        explanation = "Its settings are not complete. Ask the person who runs this server to check the integration."
        return self._pages.problem(request, caller, 502, "This integration cannot connect", explanation)


def _foreign_issuer(config: ClientConfig, answer: Answer) -> bool:
    """RFC 9207: an issuer that is named must be the very one that is configured."""
    return answer.issuer is not None and config.issuer is not None and answer.issuer != config.issuer


def _target(ask: Ask, wanted: str | None) -> str:
    return safe_return(wanted, f"{ask.view.path}/" if ask.view else "/")


def _own_address(request: Request) -> str:
    query = request.url.query
    return safe_return(request.url.path + (f"?{query}" if query else ""))


def _sign_in(next_path: str) -> Response:
    return RedirectResponse(f"/__login__?next={quote(next_path, safe='')}", 303, PRIVATE)


def _headline(status: int) -> str:
    return "There is nothing to connect here" if status == 404 else "The connection cannot be started"
