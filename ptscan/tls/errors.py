"""What can be wrong with who somebody claims to be.

PtscanError
├── RequestError       a request for a certificate that is refused: ``code``
├── PeerError          a peer's certificate that names nobody we know: ``code``
├── HandshakeError     no TLS with this peer: ``code``, for people and for `check`
└── InputError
    ├── PrivateFileError   a key file or its folder that is not ours alone, damaged or absent: ``path``
    └── TokenError         what was typed is no token
"""

from pathlib import Path

from ptscan.errors import InputError, PtscanError


class RequestError(PtscanError):
    """A request for a certificate is refused; ``code`` is stable, a word of :mod:`ptscan.tls.requests`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"certificate request refused ({code}): {text}")
        self.code = code


class PeerError(PtscanError):
    """A certificate does not say who its holder is; ``code`` is stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"certificate of the peer ({code}): {text}")
        self.code = code


class HandshakeError(PtscanError):
    """No trustworthy connection with this peer; ``code`` is stable, ``mend`` what a person can do."""

    def __init__(self, code: str, text: str, mend: str) -> None:
        super().__init__(f"{text}: {mend}" if mend else text)
        self.code = code
        self.mend = mend


class PrivateFileError(InputError):
    """A file that must be ours alone is not, or can't be read or written."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: {fault}")
        self.path = path
        self.fault = fault


class TokenError(InputError):
    """What was given is no token of a collector; the text of it is in no message."""

    def __init__(self, fault: str) -> None:
        super().__init__(f"token: {fault}")
        self.fault = fault
