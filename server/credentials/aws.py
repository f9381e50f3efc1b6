"""The source of AWS credentials: for the person looking by her sign-in, for content by this server's own signature."""

from __future__ import annotations

from typing import Final

from server.credentials.sources import Asked, Source
from server.minting.aws import AwsAccess, IdentityEnded
from server.vault.errors import IntegrationBroken, TryLater
from server.vault.tokens import Issued
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
        except IntegrationBroken as error:
            raise ApiError(502, FAILED, error.reason) from None
        except TryLater as error:
            raise ApiError(503, FAILED, error.reason, retry=error.retry_after) from None

    return source
