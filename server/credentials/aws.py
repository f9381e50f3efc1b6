"""The source of AWS credentials: for the person looking by her sign-in, for content by this server's own signature."""

from __future__ import annotations

from typing import Final

from server.credentials.lending import Lent
from server.credentials.sources import Asked, Source
from server.loans.store import LoanView
from server.minting.aws import AwsAccess, IdentityEnded
from server.vault.errors import IntegrationBroken, NeedsConsent, TryLater
from server.vault.tokens import Issued
from server.web.caller import Caller
from server.web.errors import ApiError

FAILED: Final = 248
ISSUES: Final = "aws_credentials"


def aws_credentials(access: AwsAccess, origin: str) -> Source:
    """Answers exchanges for AWS; what goes wrong at AWS has Connect's number 248."""

    async def source(asked: Asked) -> Issued | None:
        if asked.there.issues != ISSUES:
            return None
        number, least, anew = asked.there.integration_id, asked.form.min_ttl, asked.form.force_refresh
        try:
            if asked.viewer is None:
                return await access.for_content(number, asked.view.guid, min_ttl=least, force=anew)
            return await access.for_viewer(asked.viewer, number, min_ttl=least, force=anew)
        except IdentityEnded as error:
            raise ApiError(400, FAILED, error.reason, asked.consent(origin)) from None
        except (IntegrationBroken, TryLater) as error:
            raise _failed(error) from None

    return source


def lent_aws_credentials(access: AwsAccess) -> Lent:
    """Trades a lender's identity token as her own exchange does: what is lent is credentials, not who she is."""

    async def lent(loan: LoanView, min_ttl: float | None, force: bool) -> Issued:
        lender = Caller(user_id=loan.lender_id, guid=loan.lender_guid, username=loan.lender_username)
        try:
            return await access.for_viewer(lender, loan.integration_id, min_ttl=min_ttl, force=force)
        except IdentityEnded as error:
            raise NeedsConsent(error.reason) from None
        except (IntegrationBroken, TryLater) as error:
            raise _failed(error) from None

    return lent


def _failed(error: IntegrationBroken | TryLater) -> ApiError:
    if isinstance(error, IntegrationBroken):
        return ApiError(502, FAILED, error.reason)
    return ApiError(503, FAILED, error.reason, retry=error.retry_after)
