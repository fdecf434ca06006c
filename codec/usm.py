"""The keys of SNMPv3's User-based Security Model: from a password to a key, to an engine's key, to a cipher's key.

RFC 3414 (MD5, SHA-1, DES), RFC 3826 (AES-128), RFC 7860 (SHA-2), and for keys that are longer than their hash the two
extensions in use: draft-blumenthal-aes-usm-04 and draft-reeder-snmpv3-usm-3desede-00. Only hashes, no ciphers.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from codec.errors import UsmError
from codec.limits import MAX_ENGINE_ID, MIN_ENGINE_ID, MIN_PASSWORD

_MEBIOCTET: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class AuthProtocol:
    """A hash that authenticates: its ``name`` is hashlib's too; octets of a key, and of what a message carries."""

    name: str
    key_octets: int
    mac_octets: int
    block_octets: int = 64


@dataclass(frozen=True, slots=True)
class PrivProtocol:
    """A cipher: octets of its key (with DES's pre-IV), and how a shorter localised key is extended to that."""

    name: str
    cipher: Literal["des", "3des", "aes"]
    key_octets: int
    extension: Literal["blumenthal", "reeder"] = "blumenthal"


AUTH_PROTOCOLS: Final[Mapping[str, AuthProtocol]] = {
    protocol.name: protocol
    for protocol in (
        AuthProtocol("md5", 16, 12),
        AuthProtocol("sha1", 20, 12),
        AuthProtocol("sha224", 28, 16),
        AuthProtocol("sha256", 32, 24),
        AuthProtocol("sha384", 48, 32, 128),
        AuthProtocol("sha512", 64, 48, 128),
    )
}
PRIV_PROTOCOLS: Final[Mapping[str, PrivProtocol]] = {
    protocol.name: protocol
    for protocol in (
        PrivProtocol("des", "des", 16),
        PrivProtocol("3des", "3des", 32, "reeder"),
        PrivProtocol("aes128", "aes", 16),
        PrivProtocol("aes192", "aes", 24),
        PrivProtocol("aes256", "aes", 32),
        PrivProtocol("aes192-reeder", "aes", 24, "reeder"),
        PrivProtocol("aes256-reeder", "aes", 32, "reeder"),
    )
}


def master_key(auth: AuthProtocol, password: bytes) -> bytes:
    """Ku, the key of a password: the hash of a mebioctet of it (RFC 3414 section A.2). Takes milliseconds.

    Raises UsmError where the password has fewer than 8 octets.
    """
    if len(password) < MIN_PASSWORD:
        raise UsmError(f"a password of {len(password)} octets: {MIN_PASSWORD} at least (RFC 3414 section 11.2)")
    return _stretch(auth, password)


def _stretch(auth: AuthProtocol, text: bytes) -> bytes:
    times = -(-_MEBIOCTET // len(text))
    return hashlib.new(auth.name, (text * times)[:_MEBIOCTET], usedforsecurity=False).digest()


def localised_key(auth: AuthProtocol, master: bytes, engine_id: bytes) -> bytes:
    """Kul, the key of one engine (RFC 3414 section 2.6); raises UsmError for a wrong length of either."""
    if len(master) != auth.key_octets:
        raise UsmError(f"a master key of {len(master)} octets: {auth.name} has {auth.key_octets}")
    check_engine_id(engine_id)
    return hashlib.new(auth.name, master + engine_id + master, usedforsecurity=False).digest()


def privacy_key(priv: PrivProtocol, auth: AuthProtocol, localised: bytes, engine_id: bytes) -> bytes:
    """The cipher's key from the localised one, cut or extended; slow where ``extends_slowly`` says so.

    A key that is long enough already is taken as it is. Raises UsmError for a wrong length.
    """
    if len(localised) not in (auth.key_octets, priv.key_octets):
        raise UsmError(
            f"a localised key of {len(localised)} octets: {priv.name} takes {priv.key_octets}, or {auth.key_octets} "
            f"of {auth.name} to be extended"
        )
    key = link = localised
    while len(key) < priv.key_octets:
        if priv.extension == "reeder":  # the key so far is the password of what follows
            link = localised_key(auth, _stretch(auth, link), engine_id)
        else:
            link = hashlib.new(auth.name, key, usedforsecurity=False).digest()
        key += link
    return key[: priv.key_octets]


def extends_slowly(priv: PrivProtocol, auth: AuthProtocol) -> bool:
    """Whether ``privacy_key`` stretches passwords, for milliseconds in which nothing else should have to wait."""
    return priv.extension == "reeder" and auth.key_octets < priv.key_octets


def check_engine_id(engine_id: bytes) -> None:
    """Raise UsmError for what is no snmpEngineID: it has 5 to 32 octets (RFC 3411 section 5), any of them."""
    if not MIN_ENGINE_ID <= len(engine_id) <= MAX_ENGINE_ID:
        raise UsmError(f"an engine ID of {len(engine_id)} octets: {MIN_ENGINE_ID} to {MAX_ENGINE_ID} are allowed")
