"""The keys of an SNMPv3 user, made once for each engine; quickly, unless a password has to be stretched. No I/O."""

from collections.abc import MutableMapping
from threading import Lock
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
from ptscan.snmp.credentials import User, key_octets

ValueT = TypeVar("ValueT")


class Keyring:
    """Of one ``user``. ``stretch`` and ``extend`` take milliseconds and run in worker threads; nothing else takes time.

    Keys live in memory only. A device that shows another engine ID each time costs one derivation a request, and pushes
    nothing out but what is oldest.
    """

    def __init__(self, user: User, *, capacity: int = limits.KEYS_KEPT) -> None:
        """Keep the keys at so many engines."""
        self.user: Final = user
        self._name = user.name.encode()
        self._auth = AUTH_PROTOCOLS[user.auth] if user.auth else None
        self._priv = PRIV_PROTOCOLS[user.priv] if user.priv else None
        self._extends = bool(self._auth and self._priv and extends_slowly(self._priv, self._auth))
        self._has_localised = user.key_kind == "localised"  # which is said of keys, and not of a password beside one
        self._auth_key = key_octets(user.auth_key) if user.auth_key else None
        """Before it is localised; None until the password is stretched. So is the other."""
        self._priv_key = key_octets(user.priv_key) if user.priv_key else None
        self._capacity = capacity
        self._made: dict[bytes, Security] = {}
        self._extended: dict[bytes, bytes] = {}
        self._keeping = Lock()  # several threads extend, and two must not push out the same key

    @property
    def is_stretched(self) -> bool:
        """Whether the user's passwords are done with."""
        return (self._auth is None or self._auth_key is not None) and (self._priv is None or self._priv_key is not None)

    def find(self, engine_id: bytes) -> Security | None:
        """The user's keys at an engine; None where they have to be made by ``stretch`` and ``extend`` first.

        Raises UsmError for a key that does not fit its protocol.
        """
        security = self._made.get(engine_id)
        if security is None and self.is_stretched and not (self._extends and engine_id not in self._extended):
            auth = None
            if self._auth is not None and self._auth_key is not None:
                is_key = self.user.auth_key is not None
                auth = self._auth, self._localised(self._auth, self._auth_key, engine_id, is_key=is_key)
            security = Security(self._name, engine_id, auth=auth, priv=self._cipher_key(engine_id))
            self._keep(self._made, engine_id, security)
        return security

    def forget(self, engine_id: bytes) -> None:
        """Free what takes memory and no time to make again: the user is not let in there."""
        self._made.pop(engine_id, None)

    def stretch(self) -> None:
        """Make the master keys of the user's passwords. Raises UsmError for a password that is too short."""
        if self._auth is not None and self.user.priv_password is not None:
            self._priv_key = master_key(self._auth, self.user.priv_password.reveal().encode())
        if self._auth is not None and self.user.auth_password is not None:
            self._auth_key = master_key(self._auth, self.user.auth_password.reveal().encode())

    def extend(self, engine_id: bytes) -> None:
        """Make the cipher's key at an engine, where that stretches once more. Raises UsmError."""
        cipher = self._cipher_key(engine_id) if self._extends else None
        if cipher is not None:
            self._keep(self._extended, engine_id, cipher[1])

    def _cipher_key(self, engine_id: bytes) -> tuple[PrivProtocol, bytes] | None:
        auth, priv, key = self._auth, self._priv, self._priv_key
        if auth is None or priv is None or key is None:
            return None
        extended = self._extended.get(engine_id)
        if extended is None:
            key = self._localised(auth, key, engine_id, is_key=self.user.priv_key is not None)
            extended = privacy_key(priv, auth, key, engine_id)
        return priv, extended

    def _localised(self, auth: AuthProtocol, key: bytes, engine_id: bytes, *, is_key: bool) -> bytes:
        return key if is_key and self._has_localised else localised_key(auth, key, engine_id)

    def _keep(self, memory: MutableMapping[bytes, ValueT], engine_id: bytes, value: ValueT) -> None:
        with self._keeping:
            if len(memory) >= self._capacity:
                del memory[next(iter(memory))]  # the oldest
            memory[engine_id] = value
