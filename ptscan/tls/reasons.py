"""Why a handshake failed, in words for people: one line, and what to do. I/O: none but the names of ssl."""

import ssl
from typing import Final

from ptscan.tls.errors import HandshakeError

# What we found wrong with the peer's certificate: X509_V_ERR_* of OpenSSL.
_FOUND: Final = {
    9: ("not-yet-valid", "the other end's certificate is not valid yet", "compare the clocks of both machines"),
    10: ("expired", "the other end's certificate has expired", "compare the clocks; else it has to be renewed there"),
    18: (
        "unknown-authority",
        "the other end's certificate is signed by itself",
        "is it your collector? check the address",
    ),
    19: ("unknown-authority", "the other end is of another authority", "is it your collector? else enrol again"),
    20: ("unknown-authority", "the other end is of another authority", "is it your collector? else enrol again"),
    21: ("unknown-authority", "the other end left out a part of its chain", "give it its whole chain"),
    23: ("revoked", "the other end's certificate was revoked", "ask who runs the collector"),
    26: (
        "wrong-purpose",
        "the other end's certificate is for another purpose",
        "is it your collector? check the address",
    ),
    62: ("other-name", "the other end's certificate is for another name", "use the name that the collector was given"),
    64: (
        "other-name",
        "the other end's certificate is for another address",
        "use the name that the collector was given",
    ),
}

# What the peer found wrong with ours, or with what we speak: alerts (RFC 8446 section 6.2), as OpenSSL spells them.
_TOLD: Final = {
    "CERTIFICATE_EXPIRED": ("own-expired", "our certificate has expired", "compare the clocks; else enrol again"),
    "CERTIFICATE_REVOKED": ("own-revoked", "our certificate was revoked", "ask who runs the collector"),
    "UNKNOWN_CA": ("own-unknown", "the other end does not know our authority", "enrol at this collector"),
    "BAD_CERTIFICATE": ("own-refused", "the other end refused our certificate", "compare the clocks; else enrol again"),
    "DECRYPT_ERROR": (
        "own-unknown",
        "the other end's authority did not sign our certificate",
        "enrol at this collector",
    ),
    "CERTIFICATE_UNKNOWN": ("own-refused", "the other end refused our certificate", "enrol again"),
    "UNSUPPORTED_CERTIFICATE": ("own-refused", "the other end takes no certificate like ours", "enrol again"),
    "CERTIFICATE_REQUIRED": ("own-missing", "the other end wants a certificate", "enrol first"),
    "PROTOCOL_VERSION": ("tls-version", "the other end speaks no TLS 1.3", "update it, or whatever proxy is between"),
    "NO_APPLICATION_PROTOCOL": ("no-h2", "the other end speaks no HTTP/2", "check the port and any proxy between"),
    "HANDSHAKE_FAILURE": ("no-agreement", "the other end agreed to no way of TLS", "update it, or the proxy between"),
    "WRONG_VERSION_NUMBER": ("not-tls", "the other end speaks no TLS", "check the port and any proxy between"),
    "UNSUPPORTED_PROTOCOL": ("tls-version", "the other end speaks no TLS 1.3", "update it, or the proxy between"),
    "HTTP_REQUEST": ("not-tls", "the other end speaks plain HTTP", "use https"),
    "UNEXPECTED_EOF_WHILE_READING": ("hung-up", "the other end hung up", "look into its log"),
}


def handshake_error(error: BaseException) -> HandshakeError:
    """What ``error`` of a handshake, or the SSLError that caused it, means; the cause is kept."""
    told = _named(error)
    told.__cause__ = error
    return told


def _named(error: BaseException) -> HandshakeError:
    at: BaseException | None = error
    for _ in range(8):
        if isinstance(at, ssl.SSLCertVerificationError):
            found = _FOUND.get(at.verify_code)
            return HandshakeError(*(found or ("untrusted", f"the other end is not trusted: {at.verify_message}", "")))
        if isinstance(at, ssl.SSLEOFError | ssl.SSLZeroReturnError):  # whatever it was that met the end
            return HandshakeError(*_TOLD["UNEXPECTED_EOF_WHILE_READING"])
        if isinstance(at, ssl.SSLError):
            reason = getattr(at, "reason", None) or ""
            for name, words in _TOLD.items():
                if reason.endswith(name):
                    return HandshakeError(*words)
            return HandshakeError("tls", f"TLS failed: {reason.lower().replace('_', ' ') or at}", "")
        if at is None:
            break
        at = at.__cause__ or at.__context__
    return HandshakeError("no-connection", f"no connection: {error}", "")
