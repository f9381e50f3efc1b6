"""What an administrator enters at the warehouse: issuer, keys and statements with one integration's own values."""

from __future__ import annotations

from typing import Final

from server.db.models import Integration
from server.minting import statement, wire
from server.minting.keys import SigningKeys, bare
from server.minting.store import ACTIVE, NEXT
from server.minting.terms import TEMPLATE, issuer_of, terms_of

_ORDER: Final = {ACTIVE: 0, NEXT: 1}


class Setup:
    """Puts together what is public about an issuer."""

    def __init__(self, keys: SigningKeys, origin: str) -> None:
        self._keys, self._origin = keys, origin

    async def issuer(self, row: Integration) -> wire.IssuerObject:
        """Everything the other side has to know; the statements only for external OAuth."""
        issuer = issuer_of(self._origin, row.guid)
        terms = terms_of(row.config, issuer)
        keys = await self._keys.published(row, bits=terms.key_bits)
        # The key that signs, then the one that will, else the one that did: a warehouse has room for two.
        newest_first = sorted(keys, key=lambda key: (_ORDER.get(key.state, 2), -(key.id or 0)))
        public = [bare(key.public_pem) for key in newest_first][:2]
        ours = row.template == TEMPLATE
        return {
            "issuer": issuer,
            "discovery_uri": f"{issuer}/.well-known/openid-configuration",
            "jwks_uri": f"{issuer}/jwks.json",
            "keys": [wire.key_object(key) for key in newest_first],
            "audiences": list(terms.audiences) if ours else [],
            "scope_attribute": terms.scope_claim if ours else None,
            "scope_delimiter": terms.scope_delimiter if ours and terms.scope_claim == "scope" else None,
            "user_claim": terms.user_claim if ours else None,
            "statement": statement.create(terms, public) if ours else None,
            "keys_statement": statement.alter_keys(public) if ours else None,
        }
