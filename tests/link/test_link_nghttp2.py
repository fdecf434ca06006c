"""Held against nghttp2's clients: nghttp and curl for what is said, h2load for very much of it at once."""

import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest
import trio

from ptscan.link import Peer, limits, unary

from . import wire
from .certificates import AGENT_URI, Certificates
from .serving import PATH, serving

GRPC = ("-H", "content-type: application/grpc", "-H", "te: trailers")


async def _who(message: bytes, peer: Peer) -> bytes:
    return f"{peer} says {message.decode()}".encode()


async def _run(tool: str, *arguments: str) -> str:
    """What the tool says."""
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed (apt-get install nghttp2-client curl)")
    run = partial(trio.run_process, [path, *arguments], capture_stdout=True, stderr=subprocess.STDOUT)
    with trio.fail_after(120):
        return (await run()).stdout.decode(errors="replace")


@pytest.fixture
def asked(tmp_path: Path) -> str:
    """A message of gRPC in a file."""
    path = tmp_path / "asked"
    path.write_bytes(wire.message(b"hello"))
    return str(path)


async def test_nghttp_sees_a_page(certificates: Certificates) -> None:
    async with serving(certificates, {}, asks=False, pages={"/healthz": b"all is well\n"}) as served:
        said = await _run("nghttp", "-v", f"https://127.0.0.1:{served.port}/healthz")
        assert ":status: 200" in said
        assert "all is well" in said
        assert ":status: 404" in await _run("nghttp", "-v", f"https://127.0.0.1:{served.port}/nope")
        assert served.troubles == []


@pytest.mark.parametrize("more", [(), ("--no-dep",), ("-w", "1"), ("-W", "1"), ("-b", "100"), ("-c", "0")])
async def test_nghttp_makes_a_call(more: tuple[str, ...], asked: str, certificates: Certificates) -> None:
    agent = certificates.agent
    async with serving(certificates, {PATH: unary(_who)}) as served:
        shows = (f"--cert={agent.certificate_file}", f"--key={agent.key_file}")
        said = await _run("nghttp", "-v", *more, *shows, "-d", asked, *GRPC, f"https://127.0.0.1:{served.port}{PATH}")
        assert "grpc-status: 0" in said
        assert f"{AGENT_URI} says hello" in said or more == ("-w", "1")  # which has every octet in a frame of its own
        assert served.troubles == []


async def test_nghttp_is_told_to_show_a_certificate(asked: str, certificates: Certificates) -> None:
    async with serving(certificates, {PATH: unary(_who)}, asks=False) as served:
        said = await _run("nghttp", "-v", "-d", asked, *GRPC, f"https://127.0.0.1:{served.port}{PATH}")
        assert "grpc-status: 16" in said


async def test_curl_sees_a_page_and_its_head(certificates: Certificates) -> None:
    async with serving(certificates, {}, asks=False, pages={"/healthz": b"all is well\n"}) as served:
        url = f"https://127.0.0.1:{served.port}/healthz?from=here"
        assert await _run("curl", "-sk", "--http2", url) == "all is well\n"
        said = await _run("curl", "-skI", "--http2", url)
        assert said.startswith("HTTP/2 200")
        assert "content-length: 12" in said
        assert served.troubles == []


@pytest.mark.parametrize("what", ["page", "call"])
@pytest.mark.parametrize(("connections", "streams"), [(1, 1), (16, 8), (4, limits.STREAMS_AT_FIRST)])
async def test_h2load_is_served_to_the_last_request(
    what: str, connections: int, streams: int, asked: str, certificates: Certificates
) -> None:
    methods = {PATH: unary(_who)}
    pages = {"/healthz": b"ok\n"}
    async with serving(certificates, methods, asks=False, for_strangers=(PATH,), pages=pages) as served:
        target = "/healthz" if what == "page" else PATH
        more = () if what == "page" else ("-d", asked, *GRPC)
        many = ("-n", "800", "-c", str(connections), "-m", str(streams))
        said = await _run("h2load", *many, *more, f"https://127.0.0.1:{served.port}{target}")
        assert "800 succeeded, 0 failed, 0 errored, 0 timeout" in said, said
        assert re.search(r"status codes: 800 2xx", said), said
        assert served.troubles == []
