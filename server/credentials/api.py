"""The exchange room: an app trades a session handle for a fresh access token (connect-api.md 3.6, RFC 8693)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from server.access.policy import may_view
from server.audit.trail import Trail
from server.content.directory import Directory
from server.content.view import ContentView
from server.credentials import form as forms
from server.credentials.form import ExchangeForm, bad_audience
from server.credentials.limits import Limits
from server.credentials.matching import chosen
from server.credentials.repeats import Answer, Repeats
from server.credentials.sources import Asked, Sources
from server.keys.credentials import digest
from server.oauth.associations import Associations
from server.oauth.fitting import misfit
from server.oauth.wire import Guid
from server.sessions.handles import LONGEST, Handle, Handles
from server.sessions.identify import Sessions
from server.vault.errors import IntegrationBroken, NeedsConsent, NotConnected, TryLater, said
from server.vault.tokens import Issued
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import NO_VIEW, ApiError, denied
from server.web.routes import Route, json_reply, spelled, spelled_reply

PATH = "/v1/oauth/integrations/credentials"
LOCKED = 223
REFRESH_FAILED, NO_SESSION, BAD_REFRESH_TOKEN = 219, 220, 235
BAD_CONTENT_TOKEN, WRONG_AUTH_TYPE, NO_TOKEN = 236, 237, 241


class ExchangeFields(TypedDict):
    """The request of a token exchange (RFC 8693 section 2.1)."""

    grant_type: Literal["urn:ietf:params:oauth:grant-type:token-exchange"]
    subject_token_type: Literal[
        "urn:posit:connect:user-session-token",
        "urn:posit:connect:content-session-token",
    ]
    subject_token: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    requested_token_type: NotRequired[
        Literal[
            "urn:ietf:params:oauth:token-type:access_token",
            "urn:ietf:params:aws:token-type:credentials",
            "urn:posit:connect:api-key",
        ]
    ]
    audience: NotRequired[Guid]
    min_ttl: NotRequired[
        Annotated[int, Field(ge=0, le=forms.LONGEST_TTL, description="Seconds the token should still live.")]
    ]
    force_refresh: NotRequired[
        Annotated[Literal["true", "false"], Field(description="Whether the token was rejected and must be a new one.")]
    ]
    next: NotRequired[
        Annotated[
            str,
            Field(
                max_length=forms.LONGEST_NEXT,
                pattern=f"^{forms.NEXT.pattern}$",
                description="Where a viewer who has to connect comes back to: a path below the content's address.",
            ),
        ]
    ]
    resource: NotRequired[str]
    scope: NotRequired[str]


class Exchanged(TypedDict):
    """What an exchange gives; `expires_in` is what is left, in seconds, where that is known.

    Further members are what a vendor's API needs besides the token, such as Salesforce's `instance_url`.
    """

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    access_token: str
    issued_token_type: str
    token_type: str
    expires_in: NotRequired[int]


SAYS = Says(reply=Exchanged, body=ExchangeFields, body_type=forms.FORM, fails=(404, 429, 502, 503))


def _bad_subject(kind: str, status: int = 400) -> ApiError:
    """One sentence for everything that is wrong with a handle: it tells nothing about why (X-03, T-51)."""
    number = forms.BAD_SUBJECT if kind == "viewer" else BAD_CONTENT_TOKEN
    return ApiError(status, number, "The subject token is not valid here, or no longer.")


BundleOf = Callable[[str, str], int | None]
"""The bundle that an instance of a content item runs, by the instance's credential; None where that is unknown."""


class Meanwhile:
    """Tells whether anything else can have run since it was made: then what was checked before may be untrue."""

    def __init__(self) -> None:
        self._ran = False
        self._turn = asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._ran = True

    def passed(self) -> bool:
        """Whether the event loop has come round; False: nobody has waited for anything. Ask once."""
        self._turn.cancel()
        return self._ran


class Exchange:
    """Walks the straight line of a token request; each step raises ApiError or goes on."""

    def __init__(
        self,
        sources: Sources,
        associations: Associations,
        directory: Directory,
        *,
        sessions: Sessions,
        handles: Handles,
        trail: Trail,
        limits: Limits,
        origin: str,
        repeats: Repeats,
        bundle_of: BundleOf = lambda _content, _instance: None,
    ) -> None:
        self._repeats = repeats
        self._sources = sources
        self._associations = associations
        self._directory = directory
        self._sessions = sessions
        self._handles = handles
        self._trail = trail
        self._limits = limits
        self._origin = origin
        self._bundle_of = bundle_of
        self.routes = [Route("POST", PATH, self.exchange, content_key=True, says=SAYS)]

    async def exchange(self, request: Request, caller: Caller) -> Response:
        """The endpoint. Only the app itself may call it (docs/decisions/0006)."""
        if caller.via != "content" or caller.content_guid is None:
            self._trail.later(caller, "refuse_exchange", reason="not_an_app")
            raise denied("Only a running app may exchange a token, with the CONNECT_API_KEY it was started with.")
        self._limits.app(caller.content_guid)
        form = await forms.read(request)
        known = self._repeats.find(caller.credential, form)
        if known is not None:
            return self._again(form, known)
        counters = self._repeats.counters()
        handle = self._handle(caller, caller.content_guid, form)
        if handle.kind == "viewer":
            self._limits.viewer(handle.content_guid, handle.user_guid)
        asked = await self._allowed(caller, form, handle)
        meanwhile = Meanwhile()
        issued = await self._issued(asked)
        # The provider may have taken seconds; who lost access meanwhile gets no token any more (O-35, X-06).
        if meanwhile.passed():
            still = await self._allowed(caller, form, handle)
            if still.there.guid != asked.there.guid:
                raise bad_audience()
            if still.role != asked.role:
                raise ApiError(503, NO_TOKEN, "The role of this connection was just changed; ask again.", retry=1)
        fact = self._trail.later(
            asked.viewer,
            "exchange_credentials",
            content=asked.view.guid,
            bundle=self._bundle_of(asked.view.guid, caller.credential),
            integration=asked.there.guid,
            connection=issued.connection,
            role=asked.role,
            user=issued.lender or (asked.viewer.guid if asked.viewer else None),
            lent=bool(issued.lender),
            instance=caller.credential,
            token_hash=digest(issued.access_token.reveal())[:12],
        )
        self._repeats.keep(form, asked, issued, fact, counters)
        return json_reply(_answer(form, issued), Pragma="no-cache")

    def _again(self, form: ExchangeForm, known: Answer) -> Response:
        """What was answered a moment ago is still right: only limits and ledger count it anew."""
        if known.asked.viewer is not None:
            self._limits.viewer(known.asked.view.guid, known.asked.viewer.guid)
        self._trail.again(known.fact)
        issued = self._repeats.left(known)
        if known.spelled[0] != issued.expires_in or not known.spelled[1]:
            known.spelled = (issued.expires_in, spelled(_answer(form, issued)))
        return spelled_reply(known.spelled[1], Pragma="no-cache")

    async def _allowed(self, caller: Caller, form: ExchangeForm, handle: Handle) -> Asked:
        """Who asks, for which content, at which integration and in which role, as things stand now. Raises ApiError."""
        view = await self._directory.by_guid(handle.content_guid)
        if view is None:
            raise _bad_subject(form.kind)
        if view.locked:
            raise ApiError(403, LOCKED, "This content is locked by an administrator.")
        viewer = await self._viewer(form, handle, view)
        there = chosen(form, await self._associations.for_content(view.guid))
        reason = misfit(there.auth_type, view.app_mode, view.access_type)
        if reason is not None:
            raise ApiError(403, WRONG_AUTH_TYPE, reason)
        role = await self._sources.role(viewer, view, there)
        return Asked(form, viewer, view, there, role, caller.credential)

    def _handle(self, caller: Caller, content_guid: str, form: ExchangeForm) -> Handle:
        handle = self._handles.read(form.subject_token)
        if handle is None or handle.kind != form.kind:
            self._limits.wrong(content_guid)
            raise _bad_subject(form.kind)
        if handle.content_guid != content_guid:
            self._limits.wrong(content_guid)
            self._trail.later(caller, "refuse_exchange", reason="foreign_handle", content=content_guid)
            raise _bad_subject(form.kind, status=403)
        return handle

    async def _viewer(self, form: ExchangeForm, handle: Handle, view: ContentView) -> Caller | None:
        """The viewer the handle stands for, still signed in and still allowed; None for the content's own."""
        if form.kind == "content":
            return None
        viewer = await self._sessions.still(handle.user_guid, handle.credential)
        # An app that looks at itself with its own key is nobody's viewer, although that key speaks for its owner.
        if viewer is None or viewer.via == "content":
            raise _bad_subject(form.kind)
        if not may_view(viewer, view):
            raise ApiError(403, NO_VIEW, "The viewer may no longer see this content.")
        return viewer

    async def _issued(self, asked: Asked) -> Issued:
        """Ask the source. Raises ApiError: consent needed 404 or 400, the integration broken 502, later 503."""
        label = asked.there.label
        try:
            return await self._sources.issue(asked)
        except NotConnected:
            message = f"The viewer has not connected {label} yet."
            raise ApiError(404, NO_SESSION, message, asked.consent(self._origin)) from None
        except NeedsConsent as error:
            number = BAD_REFRESH_TOKEN if error.reason == "invalid_grant" else REFRESH_FAILED
            message = f"{said(error.reason)} The viewer has to connect {label} again."
            raise ApiError(400, number, message, asked.consent(self._origin)) from None
        except IntegrationBroken as error:
            raise ApiError(502, NO_TOKEN, error.reason) from None
        except TryLater as error:
            raise ApiError(503, NO_TOKEN, error.reason, retry=error.retry_after) from None


def _answer(form: ExchangeForm, issued: Issued) -> dict[str, Any]:
    """An `Exchanged`; what a vendor adds never takes the place of what the standard names."""
    answer: dict[str, Any] = {
        "access_token": issued.access_token.reveal(),
        "issued_token_type": form.requested,
        "token_type": issued.token_type,
    }
    if issued.expires_in is not None:
        answer["expires_in"] = issued.expires_in
    return {**issued.extras, **answer}
