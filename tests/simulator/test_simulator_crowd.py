"""A crowd answers as the ordinary responder does, from the address that was asked, whatever else comes between."""

import select
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from codec import V1, V2C, PduType, RequestTemplate, parse_oid
from ptscan.simulator import make_fleet
from ptscan.simulator.crowd import SLOTS
from ptscan.simulator.responder import Responder

NAMES = [parse_oid(text) for text in ("1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0")]
PROBE = RequestTemplate(V2C, b"public", PduType.GET, NAMES)
OTHER = RequestTemplate(V1, b"public", PduType.GET, NAMES[:1])
WALK = RequestTemplate(V2C, b"public", PduType.GET_NEXT, NAMES)
STRANGER = RequestTemplate(V2C, b"secret", PduType.GET, NAMES)
FIRST_ID = 0x41000000


@pytest.fixture
def crowd() -> Iterator["tuple[int, subprocess.Popen[bytes]]"]:
    """Its port and its process."""
    code = "from ptscan.simulator import serve_crowd; serve_crowd(0)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), process
        finally:
            process.kill()


def ask(port: int, requests: list[tuple[str, bytes]]) -> "Counter[tuple[bytes | None, str]]":
    """Send each request to its address at once; give what came back, and whence."""
    came: Counter[tuple[bytes | None, str]] = Counter()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        for address, request in requests:
            sock.sendto(request, (address, port))
        while select.select([sock], [], [], 0.5)[0]:
            data, (source, source_port) = sock.recvfrom(65_535)
            assert source_port == port
            came[data, source] += 1
    return came


def answers(requests: list[tuple[str, bytes]]) -> "Counter[tuple[bytes | None, str]]":
    """What the ordinary responder says."""
    responder, device = Responder(b"public"), make_fleet(1, 7).devices[0]
    said = Counter((responder.answer(device, request, 0.0), address) for address, request in requests)
    return Counter({key: count for key, count in said.items() if key[0] is not None})


def test_every_address_answers_as_the_responder_does(crowd: "tuple[int, subprocess.Popen[bytes]]") -> None:
    port, _ = crowd
    requests: list[tuple[str, bytes]] = []
    for number in range(3 * SLOTS):
        address = f"127.60.{number >> 8}.{number & 255}"
        template = {7: OTHER, 300: WALK, 301: OTHER}.get(number, PROBE)
        requests.append((address, template.encode(FIRST_ID + number)))
    assert ask(port, requests) == answers(requests)
    assert ask(port, requests[::-1]) == answers(requests)


def test_what_is_not_the_usual_request_is_answered_as_the_responder_does(
    crowd: "tuple[int, subprocess.Popen[bytes]]",
) -> None:
    port, _ = crowd
    probe = PROBE.encode(FIRST_ID)
    odd = (b"", b"\0", probe[:-1], probe + b"\0", probe[:20], b"\xff" * 2_000, STRANGER.encode(FIRST_ID))
    requests = [("127.60.0.1", one) for one in (*odd, probe, *odd, probe)]
    assert ask(port, requests) == answers(requests)


def test_it_ends_with_whoever_started_it(crowd: "tuple[int, subprocess.Popen[bytes]]") -> None:
    _, process = crowd
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0
