"""Why a client's handshake failed, in words for who runs the server. Pure."""

from typing import Final

from ptscan.tls import handshake_error

_FAULTS: Final = {
    "not-yet-valid": "its certificate is not valid yet: compare the clocks of both machines",
    "expired": "its certificate has expired: it has to be enrolled again, or its clock or ours is wrong",
    "unknown-authority": "its certificate is of another authority: it belongs to another collector",
    "untrusted": "its certificate is not of our authority: it belongs to another collector",
    "revoked": "its certificate was revoked",
    "wrong-purpose": "its certificate is for another purpose",
    "own-expired": "it takes our certificate for expired: compare the clocks of both machines",
    "own-unknown": "it does not know our authority: it belongs to another collector",
    "own-refused": "it refused our certificate: it belongs to another collector, or its clock is wrong",
    "tls-version": "it speaks no TLS 1.3",
    "not-tls": "it speaks no TLS",
    "hung-up": "it hung up within the handshake",
}
"""By the code of what the handshake ended with."""


def client_fault(error: BaseException) -> str:
    """What ``error``, of a handshake that a client began, says of the client, in one line."""
    told = handshake_error(error)
    return _FAULTS.get(told.code) or str(told)
