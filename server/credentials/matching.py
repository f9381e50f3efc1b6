"""Which of a content's integrations an exchange means: one pure decision (connect-api.md 3.6)."""

from __future__ import annotations

from collections.abc import Sequence

from server.credentials.form import ACCESS_TOKEN, API_KEY, AWS, ExchangeForm, bad_audience
from server.oauth.store import AssociationView
from server.web.errors import ApiError

NONE_FITS, BAD_REQUESTED, NO_HANDLER, WRONG_SUBJECT, SEVERAL = 212, 242, 250, 252, 257
WANTED = {"viewer": "Viewer", "content": "Service Account"}
VISITOR = "Visitor API Key"
KEYS_ONLY = f"Invalid requested_token_type. Expected '{API_KEY}'"
AWS_ONLY = f"Invalid requested_token_type. Expected '{AWS}'"


def chosen(form: ExchangeForm, associations: Sequence[AssociationView]) -> AssociationView:
    """The association to exchange for. Raises ApiError 400.

    212 whenever nothing of the content's fits, which five of Posit's own extensions test for, but 242 where there is an
    API key or AWS credentials to get and something else was asked for; 256, 252 and 250 only where an audience names an
    association that does not fit; 257 where several do.
    """
    wanted = VISITOR if form.requested == API_KEY else WANTED[form.kind]
    for_aws = form.requested == AWS
    fitting = [there for there in associations if there.auth_type == wanted and _gives_aws(there) == for_aws]
    if form.audience is not None:
        return _named(form, form.audience, associations, fitting)
    if not fitting and form.kind == "viewer" and any(there.auth_type == VISITOR for there in associations):
        raise ApiError(400, BAD_REQUESTED, KEYS_ONLY)
    if not fitting and form.requested == ACCESS_TOKEN and any(there.auth_type == wanted for there in associations):
        raise ApiError(400, BAD_REQUESTED, AWS_ONLY)
    if not fitting:
        raise ApiError(
            400,
            NONE_FITS,
            "No OAuth integration associations: this content has no integration that fits the request. "
            "Add one in the content's Access settings.",
        )
    if len(fitting) > 1:
        raise ApiError(400, SEVERAL, "Several integrations of this content fit; name one by its GUID in audience.")
    return fitting[0]


def _named(
    form: ExchangeForm, audience: str, associations: Sequence[AssociationView], fitting: Sequence[AssociationView]
) -> AssociationView:
    named = next((there for there in associations if there.guid == audience), None)
    if named is None:
        raise bad_audience()
    if named in fitting:
        return named
    if named.auth_type == VISITOR and form.kind == "viewer":
        raise ApiError(400, BAD_REQUESTED, KEYS_ONLY)
    if form.requested == ACCESS_TOKEN and _gives_aws(named) and named.auth_type == WANTED[form.kind]:
        raise ApiError(400, BAD_REQUESTED, AWS_ONLY)
    if form.requested == AWS and not _gives_aws(named):
        raise ApiError(400, NO_HANDLER, f"OAuth integration {audience} does not issue AWS credentials.")
    if form.requested == API_KEY:
        raise ApiError(400, BAD_REQUESTED, f"OAuth integration {audience} does not issue API keys.")
    asked = WANTED[form.kind]
    raise ApiError(400, WRONG_SUBJECT, f"OAuth integration {audience} does not support {asked} auth flows")


def _gives_aws(there: AssociationView) -> bool:
    return there.issues == "aws_credentials"
