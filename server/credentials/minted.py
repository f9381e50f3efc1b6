"""The source of tokens that this server signs itself: external OAuth (seed 002). Nothing is stored, nobody consents."""

from __future__ import annotations

from server.credentials.sources import Asked, Source
from server.minting.minter import Minter
from server.minting.policy import RoleRefused
from server.vault.tokens import Issued
from server.web.errors import DENIED, ApiError


def minted(minter: Minter) -> Source:
    """Answers exchanges of content whose integration mints; leaves all others to those that come after."""

    async def source(asked: Asked) -> Issued | None:
        if not asked.there.minted or asked.viewer is None:
            return None
        try:
            return await minter.token(
                asked.viewer,
                asked.there.integration_id,
                role=asked.role,
                content=asked.view.guid,
                min_ttl=asked.form.min_ttl,
                force=asked.form.force_refresh,
            )
        except RoleRefused as error:
            raise ApiError(403, DENIED, str(error)) from None

    return source
