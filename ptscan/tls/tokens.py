"""What a person carries from the collector to an agent: a secret, and the fingerprint of who may see it.

    ptscan_ + base64url( secret 32 octets | SHA-256 of the root certificate 32 octets | check 4 octets )

The agent shows the secret to a server only whose chain ends in the root of that fingerprint; so the first contact is
authenticated both ways. The check tells a slip of the clipboard from a token that is refused.
"""

import base64
import binascii
import hashlib
import re
from typing import Final

import msgspec

from ptscan.tls import limits
from ptscan.tls.errors import TokenError

_PREFIX: Final = "ptscan_"
_CHECK_OCTETS: Final = 4
_BODY: Final = re.compile(r"[A-Za-z0-9_-]+")


class Token(msgspec.Struct, frozen=True):
    """A one-time token. It prints as ``<secret>``; :func:`write_token` makes the text."""

    secret: bytes
    fingerprint: bytes

    def __repr__(self) -> str:
        return "Token(<secret>)"


def write_token(token: Token) -> str:
    """The text of ``token``, to be shown once."""
    if len(token.secret) != limits.TOKEN_SECRET_OCTETS or len(token.fingerprint) != limits.FINGERPRINT_OCTETS:
        raise ValueError("a token has 32 octets of secret and 32 of fingerprint")
    body = token.secret + token.fingerprint
    return _PREFIX + base64.urlsafe_b64encode(body + _check(body)).decode().rstrip("=")


def read_token(text: str) -> Token:
    """The token that a person handed in; white space around it is let be. Raises TokenError, which never tells it."""
    text = text.strip()
    if not text.startswith(_PREFIX):
        raise TokenError(f"it does not begin with {_PREFIX}: copy it whole from `ptscan collector token create`")
    body = text.removeprefix(_PREFIX)
    if len(text) > limits.TOKEN_CHARACTERS or not _BODY.fullmatch(body):
        raise TokenError("it holds what no token holds: copy it whole, on one line")
    try:
        octets = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except binascii.Error as error:
        raise TokenError("it is cut: copy it whole, on one line") from error
    secret, rest = octets[: limits.TOKEN_SECRET_OCTETS], octets[limits.TOKEN_SECRET_OCTETS :]
    fingerprint, check = rest[: limits.FINGERPRINT_OCTETS], rest[limits.FINGERPRINT_OCTETS :]
    if len(check) != _CHECK_OCTETS or check != _check(secret + fingerprint):
        raise TokenError("it is cut or altered: copy it whole, on one line")
    token = Token(secret=secret, fingerprint=fingerprint)
    if write_token(token) != text:  # the last character has two bits that mean nothing: one spelling is enough
        raise TokenError("it is altered: copy it whole, on one line")
    return token


def fingerprint_of(certificate: bytes) -> bytes:
    """SHA-256 over a certificate's DER."""
    return hashlib.sha256(certificate).digest()


def _check(body: bytes) -> bytes:
    return hashlib.sha256(b"ptscan token " + body).digest()[:_CHECK_OCTETS]
