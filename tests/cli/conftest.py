"""Fixtures of the shell's tests: a responder of given varbinds, net-snmp's own agent, and ptscan as a process."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import pytest

from codec import (
    END_OF_MIB_VIEW,
    NO_SUCH_INSTANCE,
    V1,
    ErrorStatus,
    Message,
    PduType,
    Varbind,
    decode_message,
    encode_response,
    oid_key,
)


def answer(request: Message, rows: Sequence[Varbind]) -> bytes:
    """Return the response of a plain responder that holds ``rows``, sorted by OID (RFC 1157, RFC 3416)."""
    repeat = request.error_index if request.pdu_type == PduType.GET_BULK else 1
    names = [name for name, _, _ in request.varbinds]
    varbinds: list[Varbind] = []
    if request.pdu_type == PduType.GET:
        known = {row[0]: row for row in rows}
        varbinds = [known.get(name, (name, NO_SUCH_INSTANCE, None)) for name in names]
    else:
        for name in names:
            following = [row for row in rows if oid_key(row[0]) > oid_key(name)][:repeat]
            varbinds += following or [(name, END_OF_MIB_VIEW, None)]
    failed = next((i for i, row in enumerate(varbinds) if row[1] in (NO_SUCH_INSTANCE, END_OF_MIB_VIEW)), None)
    if request.version == V1 and failed is not None:
        return encode_response(
            V1,
            request.community,
            request.request_id,
            request.varbinds,
            error_status=ErrorStatus.NO_SUCH_NAME,
            error_index=failed + 1,
        )
    return encode_response(request.version, request.community, request.request_id, varbinds)


@contextmanager
def responder(rows: Sequence[Varbind], host: str = "127.60.9.1") -> Iterator[str]:
    """Serve ``rows`` on a port of its own until the block ends; yields ``HOST:PORT``."""
    ordered = sorted(rows, key=lambda row: oid_key(row[0]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))

        def serve() -> None:
            while True:
                data, peer = sock.recvfrom(65535)
                if not data:
                    return
                message = decode_message(data)
                assert isinstance(message, Message)
                sock.sendto(answer(message, ordered), peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield "{}:{}".format(*sock.getsockname())
        finally:
            sock.sendto(b"", sock.getsockname())
            thread.join(5)


@pytest.fixture
def responder_at() -> Callable[[Sequence[Varbind]], AbstractContextManager[str]]:
    """``with responder_at(rows) as endpoint``: those rows are served at ``HOST:PORT``."""
    return responder
