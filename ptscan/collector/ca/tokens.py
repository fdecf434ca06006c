"""A one-time token as the collector keeps it. Pure."""

import hashlib

from ptscan.tls import Token


def token_digest(token: Token) -> bytes:
    """Under what a token is kept and looked for: nothing that would let anybody use it.

    The secret has 256 random bits: no salt and no slow hash would add to that. The fingerprint is not in it, so that a
    token is known again whatever root it named.
    """
    return hashlib.sha256(b"ptscan enrolment " + token.secret).digest()
