"""Fetches an archive from an address that a publisher names, by the server's one outbound client."""

from __future__ import annotations

from pathlib import Path

from integrations.errors import AddressRefused, ProviderError
from integrations.http import OutboundClient
from server.bundles.receive import INVALID_URL, Upload, spooled
from server.web.errors import ApiError

UNREACHABLE = 233
SECONDS = 120.0
# By the codes of integrations.errors: what went wrong, for whoever named the address.
_SAID = {
    "dns": "Its host cannot be found.",
    "tls": "The secure connection failed: its certificate was not accepted.",
    "unreachable": "Its host does not answer.",
    "interrupted": "The connection broke before the archive was complete.",
    "timeout": "It took too long.",
}


async def fetch(client: OutboundClient, url: str, folder: Path, limit: int, metadata: dict[str, str]) -> Upload:
    """The archive at `url`, received like an upload into a new file of `folder`.

    Raises ApiError: 400 code 232 for an address that may not be asked, 400 code 233 when it gives no archive,
    413 when that is too large. Nothing is left then.
    """
    async with spooled(folder, limit) as spool:
        try:
            async with client.download(url, seconds=SECONDS) as chunks:
                async for chunk in chunks:
                    spool.feed(chunk)
                    await spool.drain()
        except AddressRefused as refusal:
            raise ApiError(400, INVALID_URL, f"The bundle cannot be fetched. {refusal.reason}") from None
        except ProviderError as problem:
            reason = _SAID.get(problem.code, problem.reason)
            raise ApiError(400, UNREACHABLE, f"The bundle could not be fetched. {reason}") from None
        return await spool.upload(metadata)
