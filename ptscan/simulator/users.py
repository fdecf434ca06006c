"""The SNMPv3 users that devices know: names, protocols and master keys, no passwords; pure."""

from dataclasses import dataclass, field
from typing import Final

import codec
from codec import (
    AUTH_PROTOCOLS,
    PRIV_PROTOCOLS,
    AuthProtocol,
    PrivProtocol,
    Security,
    UsmError,
    localised_key,
    master_key,
    privacy_key,
)
from ptscan.simulator.errors import PlanError

_ANY_ENGINE_ID: Final = bytes(5)


@dataclass(frozen=True, slots=True)
class SimulatedUser:
    """A user as ``make_user`` makes it. Keys that are ``localised`` are used at every engine as they are.

    ``context`` is the only one in which the user finds anything, as "Jetdirect" on many of HP's.
    """

    name: bytes
    auth: AuthProtocol | None = None
    auth_key: bytes = field(default=b"", repr=False)
    auth_localised: bool = False
    priv: PrivProtocol | None = None
    priv_key: bytes = field(default=b"", repr=False)
    priv_localised: bool = False
    context: bytes = b""

    def security_at(self, engine_id: bytes) -> Security:
        """What seals and opens this user's messages at an engine; raises UsmError for a key of a wrong length.

        Takes milliseconds where ``codec.extends_slowly`` says so of its protocols, microseconds elsewhere.
        """
        if self.auth is None:
            return Security(self.name, engine_id)
        auth_key, priv = self.auth_key, None
        if not self.auth_localised:
            auth_key = localised_key(self.auth, auth_key, engine_id)
        if self.priv is not None:
            priv_key = self.priv_key
            if not self.priv_localised:
                priv_key = localised_key(self.auth, priv_key, engine_id)
            priv = self.priv, privacy_key(self.priv, self.auth, priv_key, engine_id)
        return Security(self.name, engine_id, auth=(self.auth, auth_key), priv=priv)


def make_user(
    name: str,
    *,
    auth: str | None = None,
    auth_secret: str | bytes = b"",
    priv: str | None = None,
    priv_secret: str | bytes = b"",
    localised: bool = False,
    context: str = "",
) -> SimulatedUser:
    """Make a user of protocols by the names of ``codec.AUTH_PROTOCOLS`` and ``PRIV_PROTOCOLS``.

    A secret of text is a password, which is stretched here and not kept: that takes milliseconds. Octets are a master
    key, or a localised one where ``localised`` says so. Raises PlanError for what is no user.
    """
    octets = name.encode("utf-8", "surrogateescape")
    if not 0 < len(octets) <= codec.limits.MAX_USER:
        raise PlanError(f"user {name!r}: a name has 1 to {codec.limits.MAX_USER} octets")
    if auth is None and priv is not None:
        raise PlanError(f"user {name!r}: SNMPv3 has no privacy without authentication")
    hashing = cipher = None
    auth_key = priv_key = b""
    try:
        if auth is not None:
            hashing = AUTH_PROTOCOLS[auth]
            auth_key = _key(hashing, auth_secret)
            if priv is not None:
                cipher = PRIV_PROTOCOLS[priv]
                priv_key = _key(hashing, priv_secret)
        user = SimulatedUser(
            octets,
            hashing,
            auth_key,
            localised and isinstance(auth_secret, bytes),
            cipher,
            priv_key,
            localised and isinstance(priv_secret, bytes),
            context.encode("utf-8", "surrogateescape"),
        )
        user.security_at(_ANY_ENGINE_ID)  # finds fault with keys now, not with the first request
    except KeyError as error:
        raise PlanError(f"user {name!r}: protocol {error} is unknown") from None
    except UsmError as error:
        raise PlanError(f"user {name!r}: {error.reason}") from None
    return user


def _key(auth: AuthProtocol, secret: str | bytes) -> bytes:
    return secret if isinstance(secret, bytes) else master_key(auth, secret.encode("utf-8", "surrogateescape"))
