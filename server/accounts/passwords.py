"""Passwords: argon2id, hashed off the event loop by few workers, equal work for unknown names (S-06, S-07)."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.web.errors import ApiError

INADEQUATE = 6
SHORTEST, LONGEST = 8, 1024


def checked_password(password: str) -> str:
    """`password`, if it may be set: 8 characters to 1024 bytes. Raises ApiError 400, code 6."""
    try:
        size = len(password.encode("utf-8"))
    except UnicodeEncodeError:
        raise ApiError(400, INADEQUATE, "The password holds characters that are not text.") from None
    if len(password) < SHORTEST:
        raise ApiError(400, INADEQUATE, f"A password has at least {SHORTEST} characters.")
    if size > LONGEST:
        raise ApiError(400, INADEQUATE, f"A password has at most {LONGEST} bytes.")
    return password


class Passwords:
    """Hashes and verifies with argon2id (19 MiB, 2 passes, 1 lane: OWASP's least)."""

    def __init__(self, *, memory_kib: int = 19456, passes: int = 2, workers: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(workers, "argon2")
        # Verified against when the name is unknown, so that both answers take the same work.
        self._decoy = self._hasher.hash("no account has this password")

    def hash_now(self, password: str) -> str:
        """Hash in this thread; for commands."""
        return self._hasher.hash(password)

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            self._hasher.verify(stored or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    async def hash(self, password: str) -> str:
        """The argon2id hash of `password`, as a self-describing string."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` belongs to `stored`; None takes as long and is False."""
        if len(password) > LONGEST or any(0xD800 <= ord(ch) <= 0xDFFF for ch in password):
            return False
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._verify, stored, password)

    def outdated(self, stored: str) -> bool:
        """Whether `stored` was made with weaker settings than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Stop the workers."""
        self._pool.shutdown()
