"""Who is who on the wire: keys, certificates, requests for them, and the contexts of TLS 1.3.

I/O: contexts, identity, introduction, private_files, reasons.
"""

from ptscan.tls.contexts import client_context, server_context
from ptscan.tls.der import DerError, check_der
from ptscan.tls.errors import HandshakeError, PeerError, PrivateFileError, RequestError, TokenError
from ptscan.tls.identity import (
    Identity,
    begin_request,
    certificate_in,
    certificates_of,
    finish_request,
    forget_request,
    key_as_pem,
    load_identity,
    new_key,
    read_key,
)
from ptscan.tls.introduction import Introduction, root_of
from ptscan.tls.lifetimes import begins_at, clock_fault, renew_at
from ptscan.tls.names import agent_uri, collector_uri, is_id
from ptscan.tls.peers import AgentIdentity, agent_of, collector_of, own_name
from ptscan.tls.private_files import open_private_folder, read_private, remove_private, sync_folder, write_private
from ptscan.tls.reasons import handshake_error
from ptscan.tls.requests import Request, make_request, read_request
from ptscan.tls.revocation_lists import revoked_serials
from ptscan.tls.tokens import Token, fingerprint_of, read_token, write_token

__all__ = [
    "AgentIdentity",
    "DerError",
    "HandshakeError",
    "Identity",
    "Introduction",
    "PeerError",
    "PrivateFileError",
    "Request",
    "RequestError",
    "Token",
    "TokenError",
    "agent_of",
    "agent_uri",
    "begin_request",
    "begins_at",
    "certificate_in",
    "certificates_of",
    "check_der",
    "client_context",
    "clock_fault",
    "collector_of",
    "collector_uri",
    "fingerprint_of",
    "finish_request",
    "forget_request",
    "handshake_error",
    "is_id",
    "key_as_pem",
    "load_identity",
    "make_request",
    "new_key",
    "open_private_folder",
    "own_name",
    "read_key",
    "read_private",
    "read_request",
    "read_token",
    "remove_private",
    "renew_at",
    "revoked_serials",
    "root_of",
    "server_context",
    "sync_folder",
    "write_private",
    "write_token",
]
