"""The chain of a stranger, for the first contact: a handshake that trusts nobody and says nothing. I/O: a given stream.

Who has a token knows the fingerprint of the collector's root and nothing else. This asks a server for its chain
(:func:`ask_chain`, over :class:`Introduction` without a socket), and :func:`root_of` takes from it the root that the
token names. Then the connection is closed and a true one opened that trusts that root alone: the token is shown there.
"""

import ssl
from collections.abc import Sequence
from typing import Any, Final

import trio
from cryptography import x509

from ptscan.tls import limits
from ptscan.tls.contexts import ALPN
from ptscan.tls.errors import HandshakeError
from ptscan.tls.tokens import fingerprint_of

_AS_DER: Final = 2  # _ssl.ENCODING_DER
_HUNG_UP: Final = ("hung-up", "the server hung up before it said who it is", "is it a collector?")


class Introduction:
    """A handshake of TLS, without a socket, that ends as soon as the server has shown its certificates."""

    def __init__(self, server_name: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols([ALPN])
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._received = 0
        self.chain: tuple[bytes, ...] | None = None
        """The server's certificates as DER, its own first; None until they have come."""
        self._step()

    def data_to_send(self) -> bytes:
        """What has to be sent now."""
        return self._outgoing.read()

    def receive_data(self, data: bytes) -> None:
        """Take what the server sent; empty means that it hung up. Raises HandshakeError."""
        self._received += len(data)
        if not data:
            raise HandshakeError(*_HUNG_UP)
        if self._received > limits.INTRODUCTION_OCTETS:
            raise HandshakeError("too-large", "the server said too much before it said who it is", "is it a collector?")
        self._incoming.write(data)
        self._step()

    def _step(self) -> None:
        if self.chain is not None:
            return
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError as error:
            raise HandshakeError(
                "not-tls", "the server speaks no TLS 1.3", "check the address, the port and any proxy between"
            ) from error
        self.chain = tuple(_shown(self._tls))


async def ask_chain(stream: trio.abc.Stream, server_name: str) -> tuple[bytes, ...]:
    """The certificates (DER) of the server at the other end of ``stream``, which is of no use afterwards. Waits.

    The caller sets the deadline and closes the stream, also after a cancellation. Raises HandshakeError.
    """
    introduction = Introduction(server_name)
    try:
        while introduction.chain is None:
            if data := introduction.data_to_send():
                await stream.send_all(data)
            introduction.receive_data(bytes(await stream.receive_some(limits.INTRODUCTION_OCTETS)))
    except trio.BrokenResourceError as error:
        raise HandshakeError(*_HUNG_UP) from error
    return introduction.chain


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
