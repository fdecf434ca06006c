"""The chain of a stranger, for the first contact: a handshake that trusts nobody and says nothing. I/O: none but ssl.

Who has a token knows the fingerprint of the collector's root and nothing else. So a connection is made with an
:class:`Introduction`, any way that takes a context, through proxies too, and closed again without a word; from the
chain that the server showed :func:`root_of` takes the root that the token names. Then a true connection is made that
trusts that root alone: the token is shown there.
"""

import ssl
from collections.abc import Sequence
from typing import Any, Final

from cryptography import x509

from ptscan.tls import limits
from ptscan.tls.contexts import ALPN
from ptscan.tls.errors import HandshakeError
from ptscan.tls.tokens import fingerprint_of

_AS_DER: Final = 2  # _ssl.ENCODING_DER


class Introduction(ssl.SSLContext):
    """A client's context for one connection, over which nothing may be sent; it keeps the chain that it was shown."""

    def __new__(cls) -> "Introduction":
        context = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols([ALPN])
        return context

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """As any context's; the connection is remembered."""
        self._tls = super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        return self._tls

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The server's certificates as DER, its own first; to be asked for after the handshake."""
        return tuple(_shown(self._tls))


def root_of(chain: Sequence[bytes], fingerprint: bytes) -> bytes:
    """The certificate in ``chain`` that a token's ``fingerprint`` names. Raises HandshakeError where none is."""
    for octets in chain[: limits.CHAIN_CERTIFICATES]:
        if fingerprint_of(octets) == fingerprint and _may_sign(octets):
            return octets
    raise HandshakeError(
        "other-collector",
        "the server is not the collector that the token is from",
        "check the address, or ask for a token of that collector; the token was not shown to it",
    )


def _may_sign(octets: bytes) -> bool:
    try:
        basic = x509.load_der_x509_certificate(octets).extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, x509.ExtensionNotFound):
        return False
    return basic.value.ca


def _shown(tls: Any) -> list[bytes]:
    """The peer's chain as it came: public since Python 3.13, and there under another name since 3.10."""
    if hasattr(tls, "get_unverified_chain"):
        return list(tls.get_unverified_chain())
    return [each.public_bytes(_AS_DER) for each in tls._sslobj.get_unverified_chain()]
