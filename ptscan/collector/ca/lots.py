"""What is drawn by lot: serials, ids, the secrets of tokens. I/O: the system's randomness."""

import secrets

from cryptography import x509

from ptscan.tls import Token, fingerprint_of


def new_serial() -> int:
    """A serial of 159 random bits."""
    return x509.random_serial_number()


def new_id() -> str:
    """An id for an agent or a collector: 64 random bits."""
    return secrets.token_hex(8)


def new_token(root: bytes) -> Token:
    """A token of the collector whose ``root`` (DER) its own port's chain ends in."""
    return Token(secret=secrets.token_bytes(32), fingerprint=fingerprint_of(root))
