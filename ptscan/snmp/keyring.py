"""The keys of SNMPv3 users at engines, made once for each; quickly, unless a password has to be stretched. No I/O."""

from collections.abc import MutableMapping
from typing import Final, TypeVar

from codec import (
    AUTH_PROTOCOLS,
    PRIV_PROTOCOLS,
    AuthProtocol,
    PrivProtocol,
    Security,
    extends_slowly,
    localised_key,
    master_key,
    privacy_key,
)
from ptscan.snmp import limits
from ptscan.snmp.credentials import User
from ptscan.snmp.secret import Secret

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Keyring:
    """Of one client. ``stretch`` and ``extend`` take milliseconds and run in worker threads; nothing else takes time.

    Keys live in memory only. A device that shows another engine ID each time costs one derivation a request, and pushes
    nothing out but what is oldest.
    """

    def __init__(self, *, capacity: int = limits.KEYS_KEPT) -> None:
        """Keep so many keys of each kind."""
        self._capacity = capacity
        self._made: Final[dict[tuple[User, bytes], Security]] = {}
        self._masters: Final[dict[tuple[str, Secret], bytes]] = {}
        self._extended: Final[dict[tuple[User, bytes], bytes]] = {}

    def find(self, user: User, engine_id: bytes) -> Security | None:
        """The user's keys at this engine; None where they have to be made by ``stretch`` and ``extend`` first.

        Raises UsmError for a key that does not fit its protocol.
        """
        security = self._made.get((user, engine_id))
        if security is None and self.is_stretched(user) and not self._is_to_be_extended(user, engine_id):
            auth, priv = self._auth_key(user, engine_id), self._priv_key(user, engine_id)
            security = Security(user.name.encode(), engine_id, auth=auth, priv=priv)
            self._keep(self._made, (user, engine_id), security)
        return security

    def is_stretched(self, user: User) -> bool:
        """Whether the master keys of the user's passwords are known."""
        return user.auth is None or all(
            secret is None or (user.auth, secret) in self._masters
            for secret in (user.auth_password, user.priv_password)
        )

    def stretch(self, user: User) -> None:
        """Make the master keys of the user's passwords. Raises UsmError for a password that is too short."""
        for secret in (user.auth_password, user.priv_password):
            if user.auth is not None and secret is not None:
                master = master_key(AUTH_PROTOCOLS[user.auth], secret.reveal().encode())
                self._keep(self._masters, (user.auth, secret), master)

    def extend(self, user: User, engine_id: bytes) -> None:
        """Make the privacy key of a user who is stretched. Raises UsmError."""
        self._priv_key(user, engine_id)

    def _is_to_be_extended(self, user: User, engine_id: bytes) -> bool:
        if user.auth is None or user.priv is None or (user, engine_id) in self._extended:
            return False
        return extends_slowly(PRIV_PROTOCOLS[user.priv], AUTH_PROTOCOLS[user.auth])

    def _auth_key(self, user: User, engine_id: bytes) -> tuple[AuthProtocol, bytes] | None:
        if user.auth is None:
            return None
        auth = AUTH_PROTOCOLS[user.auth]
        return auth, self._localised(user, auth, engine_id, password=user.auth_password, key=user.auth_key)

    def _priv_key(self, user: User, engine_id: bytes) -> tuple[PrivProtocol, bytes] | None:
        if user.priv is None or user.auth is None:
            return None
        auth, priv = AUTH_PROTOCOLS[user.auth], PRIV_PROTOCOLS[user.priv]
        key = self._extended.get((user, engine_id))
        if key is None:
            localised = self._localised(user, auth, engine_id, password=user.priv_password, key=user.priv_key)
            key = privacy_key(priv, auth, localised, engine_id)
            if extends_slowly(priv, auth):
                self._keep(self._extended, (user, engine_id), key)
        return priv, key

    def _localised(
        self, user: User, auth: AuthProtocol, engine_id: bytes, *, password: Secret | None, key: Secret | None
    ) -> bytes:
        if password is not None:
            return localised_key(auth, self._masters[auth.name, password], engine_id)
        octets = bytes.fromhex(key.reveal().removeprefix("0x").removeprefix("0X")) if key is not None else b""
        return octets if user.key_kind == "localised" else localised_key(auth, octets, engine_id)

    def _keep(self, memory: MutableMapping[KeyT, ValueT], key: KeyT, value: ValueT) -> None:
        if len(memory) >= self._capacity:
            del memory[next(iter(memory))]  # the oldest
        memory[key] = value
