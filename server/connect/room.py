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
from server.connect.origin import came_back_to, foreign_issuer, redirect_uri
from server.connect.pages import PRIVATE, ConnectPages
from server.connect.roles import ROLE_CODES, RoleDesk, Roles, picked, refuses_role
from server.content.view import ContentView
from server.db.models import Integration
from server.delegations.delegations import Delegations
from server.keys.keyring import SealBroken
from server.oauth.integrations import Integrations
from server.sessions.cookies import read_cookie, set_cookie
from server.vault.account import OtherAccount
from server.web.body import read_form
from server.web.caller import Caller
from server.web.csrf import Csrf
from server.web.errors import XSRF, ApiError
from server.web.screens import caller_of, safe_return

LOGIN = "/__oauth__/integrations/{guid}/login"
CALLBACK = "/__oauth__/integrations/callback"
OWN_CALLBACK = CALLBACK + "/{guid}"
CHANGED_ACCOUNT = "/__oauth__/integrations/{guid}/account"
COOKIE, COOKIE_PATH, COOKIE_LIFE = "tabard_flow", "/__oauth__", 3600
NOT_STARTED_HERE = (
    "This sign-in was not started in this browser, was finished already, or took longer than ten minutes. "
    "Open the app again to start it anew."
)
FOREIGN = "The answer came from another provider than the one you were sent to."
WRONG_ADDRESS = "The answer came to an address that belongs to another integration. Open the app again to connect."
OTHER_ACCOUNT = (
    "{name} is connected as {before}, and you signed in there as {after}. Here everybody keeps to one account: sign in "
    "at {name} as {before}, or disconnect it on Connected accounts first. Nothing was changed."
)
CHANGED = "An administrator changed the integration while you were signing in. Open the app again to connect."


class ConnectRoom:
    """Mount `routes` at the root."""

    def __init__(
        self,
        integrations: Integrations,
        asking: Asking,
        roles: RoleDesk,
        flows: Flows,
        finish: Finish,
        pages: ConnectPages,
        *,
        delegations: Delegations,
        csrf: Csrf,
        trail: Trail,
        callback_url: str,
        secure: bool,
    ) -> None:
        self._integrations = integrations
        self._asking = asking
        self._roles = roles
        self._flows = flows
        self._finish = finish
        self._pages = pages
        self._delegations = delegations
        self._csrf = csrf
        self._trail = trail
        self._callback_url = callback_url
        self._secure = secure
        self._cookie = f"__Secure-{COOKIE}" if secure else COOKIE
        # Every method comes to us, so that a later catch-all cannot answer in our place.
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        self.routes = [
            Route(CALLBACK, self.callback, methods=methods),
            Route(OWN_CALLBACK, self.callback, methods=methods),
            Route(LOGIN, self.login, methods=["GET", "POST"]),
            Route(CHANGED_ACCOUNT, self.another_account, methods=["GET"]),
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
            ask = await self._asking.of(integration_guid, view)
            going = safe_return(next_path, f"{view.path}/")
            return await self._gate(request, caller, ask, going, None, again=again, step=step, steps=steps)
        except (ApiError, ClientRejected, SealBroken):
            return self._misconfigured(request, caller)

    async def _gate(
        self,
        request: Request,
        caller: Caller,
        ask: Ask,
        next_path: str,
        wanted: str | None,
        *,
        again: str = "",
        problem: str = "",
        typed: str = "",
        step: int = 1,
        steps: int = 1,
    ) -> Response:
        """The connect screen, with the role that is wanted picked. Raises ApiError, SealBroken."""
        roles = await self._roles.of(caller, ask)
        role = roles.pinned or (roles.current if wanted is None else wanted)
        again = again or roles.ended(role)
        if not problem and not roles.pinned and (wrong := roles.problem(role)):
            role, typed, problem = "", role, wrong
        if request.method == "GET" and not problem and await self._skips(request, caller, ask, role, again):
            return await self._to_provider(request, caller, ask, role, next_path)
        shown = self._integrations.client_config(ask.integration, "" if roles.problem(role) else role)
        return self._pages.gate(
            request,
            caller,
            ask,
            shown,
            next_path=next_path,
            role=roles.ask(role, typed=typed, problem=problem),
            again=again,
            step=step,
            steps=steps,
            status=400 if problem and request.method == "POST" else 200,
        )

    async def _skips(self, request: Request, caller: Caller, ask: Ask, role: str, again: str) -> bool:
        """Whether the explanation is skipped, because an administrator agreed to it ahead (seed 003).

        Only where a person goes somewhere in a tab of her own, and no other site sent her (O-38).
        """
        site, where = request.headers.get("sec-fetch-site"), request.headers.get("sec-fetch-dest")
        if caller.via != "session" or site not in ("none", "same-origin") or where != "document":
            return False
        return await self._delegations.may_skip(caller, ask.integration, role, renewing=bool(again))

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
            return await self._gate(request, caller, ask, _target(ask, query.get("next")), query.get("role"))
        except ApiError as error:
            return self._pages.problem(request, caller, error.status, _headline(error.status), error.message)
        except (ClientRejected, SealBroken):
            return self._misconfigured(request, caller)

    async def _start(self, request: Request, caller: Caller) -> Response:
        form = await read_form(request)
        if caller.via != "session":
            return _sign_in(safe_return(form.get("next")))
        self._check(request, caller, form.get("csrf"))
        ask = await self._asking.find(caller, request.path_params["guid"], form.get("content") or None)
        roles, next_path = await self._roles.of(caller, ask), _target(ask, form.get("next"))
        wanted, problem = picked(form)
        role = roles.pinned or (roles.current if wanted is None else wanted)
        problem = problem or roles.problem(role) or ""
        if problem:
            return await self._gate(request, caller, ask, next_path, None, problem=problem, typed=role)
        if ask.association is not None and role != roles.current and roles.holds(role):
            # Nothing new is asked for: she is connected in this role already, and picks it for this content.
            await self._roles.keep(caller, ask, role)
            return RedirectResponse(next_path, 303, PRIVATE)
        return await self._to_provider(request, caller, ask, role, next_path)

    async def _to_provider(self, request: Request, caller: Caller, ask: Ask, role: str, next_path: str) -> Response:
        """Remember the flow and send the browser to the provider. Raises ApiError, ClientRejected, SealBroken."""
        config = self._integrations.client_config(ask.integration, role)
        state, address = new_token(), redirect_uri(self._callback_url, ask.integration)
        renewing = await self._finish.renews(caller, ask.integration, role, config)
        begun = begin(config, redirect_uri=address, state=state, renewing=renewing)
        kept = read_cookie(request.scope["headers"], self._cookie)
        browser = kept if kept is not None and well_formed(kept) else new_token()
        content_guid = ask.view.guid if ask.association is not None and ask.view is not None else None
        target = Target(next_path, content_guid, role, address)
        await self._flows.start(
            caller, ask.integration, state=state, browser=browser, verifier=begun.verifier, target=target
        )
        self._trail.later(
            caller, "start_oauth_consent", integration=ask.integration.guid, content=content_guid, role=role
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
        said = request.path_params.get("guid")
        return await self._answered(request, caller, taken, answer, said)

    async def _answered(
        self, request: Request, caller: Caller, taken: Taken, answer: Answer, said: str | None
    ) -> Response:
        """The answer belongs to this person's own flow, which is used up from here on, whatever it says.

        `said` is the integration that the address of the callback names, if it names one.
        """
        integration = await self._integrations.find(taken.flow.integration_id)
        if integration is None or integration.config_version != taken.flow.config_version:
            return self._overtaken(request, caller, taken, integration)
        if not came_back_to(taken.flow, integration, said):
            self._trail.later(caller, "refuse_oauth_callback", integration=integration.guid, reason="address")
            return self._refused(request, caller, 400, WRONG_ADDRESS)
        try:
            config = self._integrations.client_config(integration, taken.flow.role)
        except (ApiError, SealBroken, ValueError):
            return self._misconfigured(request, caller)
        if foreign_issuer(config, answer):
            self._trail.later(caller, "refuse_oauth_callback", integration=integration.guid, reason="issuer")
            return self._refused(request, caller, 400, FOREIGN)
        ask = await self._asking.content(integration, taken.flow.content_guid)
        if answer.error:
            return await self._declined(request, caller, ask, taken, answer)
        return await self._redeemed(request, caller, ask, taken, config, answer.code)

    async def _redeemed(
        self, request: Request, caller: Caller, ask: Ask, taken: Taken, config: ClientConfig, code: str
    ) -> Response:
        guid, next_path = ask.integration.guid, safe_return(taken.flow.return_path)
        try:
            kept = await self._finish.keep(caller, taken, config, code)
        except OtherAccount as other:
            explanation = OTHER_ACCOUNT.format(
                name=ask.integration.name or ask.integration.template, before=other.before, after=other.after
            )
            return self._pages.problem(request, caller, 403, "That is another account", explanation, back=next_path)
        except ProviderError as error:
            self._trail.later(caller, "fail_oauth_consent", integration=guid, code=error.code, role=config.role)
            self._finish.failed(guid, error, config.role)
            if error.code in ROLE_CODES and (config.role or error.code == "invalid_scope"):
                roles = await self._roles.of(caller, ask)
                if roles.taken:
                    return self._role_refused(request, caller, ask, taken, roles, "")
            return self._failed(request, caller, error, next_path)
        if kept is None:
            return self._overtaken(request, caller, taken, ask.integration)
        await self._roles.keep(caller, ask, taken.flow.role)
        if not kept.missing:
            await self._delegations.connected(caller, taken.flow.integration_id, taken.flow.role)
        if kept.before:
            note = self._pages.note(caller, ask, next_path, kept.before, kept.after)
            next_path = f"{CHANGED_ACCOUNT.format(guid=guid)}?note={quote(note, safe='')}"
        return RedirectResponse(next_path, 303, PRIVATE)

    def _overtaken(self, request: Request, caller: Caller, taken: Taken, integration: Integration | None) -> Response:
        """The integration was changed or deleted since the start, so nothing is kept (O-32)."""
        guid = integration.guid if integration else None
        self._trail.later(caller, "fail_oauth_consent", integration=guid, code="changed", role=taken.flow.role)
        return self._refused(request, caller, 409, CHANGED)

    async def another_account(self, request: Request) -> Response:
        """Says that a consent brought another account than before (O-37); the callback sends the browser here."""
        caller = caller_of(request)
        if caller.via != "session":
            return _sign_in("/connections")
        shown = self._pages.account_changed(request, caller, request.query_params.get("note", ""))
        return shown or self._refused(request, caller, 400, NOT_STARTED_HERE)

    async def _declined(self, request: Request, caller: Caller, ask: Ask, taken: Taken, answer: Answer) -> Response:
        roles = await self._roles.of(caller, ask)
        of_role = roles.taken and refuses_role(answer, taken.flow.role)
        by_person = answer.error == "access_denied" and not of_role
        self._trail.later(
            caller,
            "decline_oauth_consent",
            integration=ask.integration.guid,
            code=answer.error,
            by_person=by_person,
            role=taken.flow.role,
        )
        said = answer.said or answer.error
        if of_role:
            return self._role_refused(request, caller, ask, taken, roles, said)
        next_path = safe_return(taken.flow.return_path)
        return self._pages.declined(
            request,
            caller,
            ask,
            next_path=next_path,
            by="person" if by_person else "provider",
            said=said,
            role=roles.ask(taken.flow.role),
        )

    def _role_refused(
        self, request: Request, caller: Caller, ask: Ask, taken: Taken, roles: Roles, said: str
    ) -> Response:
        refused = taken.flow.role
        other = next((role for role in ("", *roles.known) if role != refused and roles.holds(role)), "")
        return self._pages.declined(
            request,
            caller,
            ask,
            next_path=safe_return(taken.flow.return_path),
            by="role",
            said=said,
            refused=refused,
            role=roles.ask(other),
        )

    def _failed(self, request: Request, caller: Caller, error: ProviderError, back: str) -> Response:
        status = 400 if isinstance(error, ConsentEnded) else 502
        return self._pages.problem(request, caller, status, "The connection was not made", error.reason, back=back)

    def _refused(self, request: Request, caller: Caller, status: int, explanation: str) -> Response:
        return self._pages.problem(request, caller, status, "This sign-in cannot be finished", explanation)

    def _misconfigured(self, request: Request, caller: Caller) -> Response:
        explanation = "Its settings are not complete. Ask the person who runs this server to check the integration."
        return self._pages.problem(request, caller, 502, "This integration cannot connect", explanation)


def _target(ask: Ask, wanted: str | None) -> str:
    return safe_return(wanted, f"{ask.view.path}/" if ask.view else "/")


def _own_address(request: Request) -> str:
    query = request.url.query
    return safe_return(request.url.path + (f"?{query}" if query else ""))


def _sign_in(next_path: str) -> Response:
    return RedirectResponse(f"/__login__?next={quote(next_path, safe='')}", 303, PRIVATE)


def _headline(status: int) -> str:
    return "There is nothing to connect here" if status == 404 else "The connection cannot be started"
