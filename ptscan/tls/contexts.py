"""The contexts of TLS for both ends: 1.3 only, HTTP/2 only, no session that outlives a certificate. I/O: key files.

A server asks for a certificate and lets in who has none, because enrolment needs that; which methods such a peer may
call is the server's rule. One that shows a certificate has to show a good one. Sessions are not resumed: a resumed one
would not look at the certificate again.
"""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ptscan.tls.errors import PrivateFileError
from ptscan.tls.private_files import read_private

ALPN: Final = "h2"


def client_context(roots: Sequence[bytes], identity: Path | None = None) -> ssl.SSLContext:
    """A client that trusts ``roots`` (DER) alone, checks the server's name, and shows ``identity`` (key and chain).

    Without ``roots`` those of the machine are trusted, for a collector with a certificate from elsewhere.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    if roots:
        _trust(context, roots)
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if identity is not None:
        _show(context, identity)
    return context


def server_context(identity: Path, roots: Sequence[bytes]) -> ssl.SSLContext:
    """A server that shows ``identity`` (key and chain) and takes certificates below ``roots`` (DER), or none."""
    if not roots:
        raise ValueError("a server trusts at least one root")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.num_tickets = 0
    _trust(context, roots)
    _show(context, identity)
    return context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols([ALPN])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.verify_flags |= ssl.VERIFY_X509_STRICT


def _trust(context: ssl.SSLContext, roots: Sequence[bytes]) -> None:
    for root in roots:
        context.load_verify_locations(cadata=root)


def _show(context: ssl.SSLContext, identity: Path) -> None:
    if read_private(identity) is None:
        raise PrivateFileError(identity, "it is not there: enrol first")
    try:
        context.load_cert_chain(identity)
    except (ssl.SSLError, OSError) as error:
        raise PrivateFileError(identity, "its key and certificate can't be used together: enrol again") from error
