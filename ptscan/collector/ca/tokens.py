"""One-time tokens as the collector keeps them: a hash, and what the token is good for. Pure.

The store keeps the record and counts a use in the same statement that looks whether one is left; ``refusal_of`` says
beforehand, and afterwards for the log, why a token is not taken. The peer hears one answer for all of these.
"""

import hashlib
from datetime import datetime, timedelta

import msgspec

from ptscan.collector.ca import limits
from ptscan.errors import InputError
from ptscan.tls import Token


class TokenRecord(msgspec.Struct, frozen=True):
    """What is kept of a token: nothing that would let anybody use it."""

    hash: bytes
    """SHA-256 of the secret, which has 256 random bits: no salt, no slow hash would add to it."""
    entity: str
    created_at: datetime
    expires_at: datetime
    uses: int = 1
    used: int = 0
    revoked_at: datetime | None = None
    key: bytes | None = None
    """The fingerprint of the only key that it is good for, where one was named."""


def token_hash(token: Token) -> bytes:
    """Under what a token is kept and looked for."""
    return hashlib.sha256(b"ptscan enrolment " + token.secret).digest()


def record_of(
    token: Token,
    *,
    entity: str,
    created_at: datetime,
    uses: int = 1,
    seconds: float = limits.TOKEN_SECONDS,
    key: bytes | None = None,
) -> TokenRecord:
    """What to keep of a new ``token``. Raises InputError for uses or seconds beyond the limits."""
    if not 1 <= uses <= limits.TOKEN_USES_MOST:
        raise InputError(f"token: {uses} uses: give 1 to {limits.TOKEN_USES_MOST}")
    if not 0 < seconds <= limits.TOKEN_SECONDS_MOST:
        most = int(limits.TOKEN_SECONDS_MOST / 86_400)
        raise InputError(f"token: it would be good for {seconds:g} seconds: give more than 0 and at most {most} days")
    return TokenRecord(
        hash=token_hash(token),
        entity=entity,
        created_at=created_at,
        expires_at=created_at + timedelta(seconds=seconds),
        uses=uses,
        key=key,
    )


def refusal_of(record: TokenRecord | None, *, key: bytes, now_at: datetime) -> str:
    """Why the token of ``record`` is not taken for the key of that fingerprint; nothing where it is.

    Codes: unknown, revoked, expired, used-up, other-key.
    """
    if record is None:
        return "unknown"
    if record.revoked_at is not None:
        return "revoked"
    if now_at >= record.expires_at:
        return "expired"
    if record.used >= record.uses:
        return "used-up"
    if record.key is not None and record.key != key:
        return "other-key"
    return ""
