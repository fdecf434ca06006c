"""The small pages over loopback: shown to whom they are for, closed to the rest, and no connection ends another."""

import http.client
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial

import h11
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from ptscan.link import Shown, ShowPage, Trouble, limits, open_page_listeners, serve_pages
from ptscan.link.asking import head_of, path_of

OK = b"HTTP/1.1 200"


async def _hello() -> Shown:
    return Shown(200, "text/plain", b"hello")


async def _bug() -> Shown:
    raise ValueError("a secret")


@asynccontextmanager
async def _pages(page: ShowPage = _hello, **options: object) -> AsyncIterator[tuple[int, list[Trouble]]]:
    troubles: list[Trouble] = []
    async with trio.open_nursery() as nursery:
        listeners = await open_page_listeners("127.0.0.1", 0)
        port = listeners[0].socket.getsockname()[1]
        serve = partial(serve_pages, listeners, {"/": page, "/bug": _bug}, report=troubles.append, **options)
        await nursery.start(serve)
        yield port, troubles
        nursery.cancel_scope.cancel()


async def _ask(port: int, octets: bytes) -> bytes:
    """What comes back until the connection is closed."""
    answer = b""
    with trio.fail_after(20):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(octets)
            try:
                async for data in stream:
                    answer += data
            except trio.BrokenResourceError:
                pass
    return answer


def _get(path: str = "/", host: str = "localhost", method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


async def test_a_page_is_shown_and_the_connection_closed() -> None:
    async with _pages() as (port, troubles):
        answer = await _ask(port, _get(host=f"localhost:{port}"))
        assert answer.startswith(OK)
        assert answer.endswith(b"\r\n\r\nhello")
        assert b"connection: close" in answer
        assert troubles == []


async def test_a_page_is_made_anew_each_time() -> None:
    turns = iter([b"one", b"two"])

    async def page() -> Shown:
        return Shown(200, "text/plain", next(turns))

    async with _pages(page) as (port, _):
        assert (await _ask(port, _get())).endswith(b"one")
        assert (await _ask(port, _get())).endswith(b"two")


async def test_head_shows_what_get_would_without_it() -> None:
    async with _pages() as (port, _):
        whole, head = await _ask(port, _get()), await _ask(port, _get(method="HEAD"))
        strip = lambda octets: [line for line in octets.split(b"\r\n") if not line.startswith(b"date")]  # noqa: E731
        assert strip(whole)[:-1] == strip(head)[:-1]
        assert head.endswith(b"\r\n\r\n")


async def test_a_browser_may_do_nothing_but_show_it() -> None:
    async with _pages() as (port, _):
        answer = await _ask(port, _get())
        for told in (b"default-src 'none'", b"nosniff", b"frame-ancestors 'none'", b"no-store", b"no-referrer"):
            assert told in answer
        assert b"unsafe-inline" not in answer


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "LOCALHOST", "127.0.0.1:1", "[::1]:1301", "10.0.0.7"])
async def test_it_is_asked_for_by_address_or_loopback_name(host: str) -> None:
    async with _pages() as (port, _):
        assert (await _ask(port, _get(host=host))).startswith(OK)


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "l@e"])
async def test_another_name_that_leads_here_is_refused(host: str) -> None:
    async with _pages() as (port, _):
        answer = await _ask(port, _get(host=host))
        assert answer.startswith(b"HTTP/1.1 4")
        assert b"hello" not in answer


async def test_a_name_of_the_settings_is_served() -> None:
    async with _pages(hosts={"collector.example"}) as (port, _):
        assert (await _ask(port, _get(host="collector.example:80"))).startswith(OK)
        assert (await _ask(port, _get(host="localhost"))).startswith(b"HTTP/1.1 421")


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/", "/"),
        (b"/?a=1", "/"),
        (b"http://localhost/", "/"),
        (b"http://evil.example/", 421),
        (b"//evil.example/", 421),
        (b"/../", 404),
        (b"*", 404),
        (b"http://[/", 400),
        (b"/%00", 404),
    ],
)
def test_what_is_asked_for_is_read_strictly(target: bytes, path: str | int) -> None:
    request = h11.Request(method=b"GET", target=target, headers=[("host", "localhost")])
    found = path_of(request, pages={"/"}, hosts={"localhost"})
    assert (found.status if isinstance(found, Shown) else found) == path


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (_get("/nope"), b"404"),
        (_get(method="POST"), b"405"),
        (_get(method="DELETE"), b"405"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x00\x05hello\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n a: folded\r\n\r\n" + b"", b"421"),
    ],
)
async def test_what_is_no_request_for_a_page_is_refused_in_words(octets: bytes, status: bytes) -> None:
    async with _pages() as (port, troubles):
        answer = await _ask(port, octets)
        assert answer.startswith(b"HTTP/1.1 " + status), answer
        assert (await _ask(port, _get())).startswith(OK)
        assert troubles == []


async def test_a_body_is_not_waited_for_and_loses_no_answer() -> None:
    async with _pages() as (port, _):
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000)
        assert (await _ask(port, request)).endswith(b"hello")


async def test_a_head_is_taken_up_to_its_limit_and_no_further() -> None:
    async with _pages() as (port, _):
        bare = len(_get()) + len(b"a: \r\n")
        fits = _get()[:-2] + b"a: " + b"x" * (limits.PAGE_HEAD_OCTETS - bare) + b"\r\n\r\n"
        assert (await _ask(port, fits)).startswith(OK)
        assert (await _ask(port, _get()[:-2] + b"a: " + b"x" * limits.PAGE_HEAD_OCTETS)).startswith(b"HTTP/1.1 431")


async def test_a_page_that_fails_is_told_and_shows_nothing_of_why() -> None:
    async with _pages() as (port, troubles):
        answer = await _ask(port, _get("/bug"))
        assert answer.startswith(b"HTTP/1.1 500")
        assert b"secret" not in answer
        assert [(trouble.kind, trouble.address) for trouble in troubles] == [("page-failed", "127.0.0.1")]
        assert isinstance(troubles[0].error, ValueError)
        assert (await _ask(port, _get())).startswith(OK)


async def test_one_connection_too_many_is_closed_and_told() -> None:
    async with _pages() as (port, troubles), trio.open_nursery() as nursery:
        silent = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(limits.PAGE_CONNECTIONS)]
        while await _ask(port, _get()):  # noqa: ASYNC110 (until the last of them is accepted)
            await trio.sleep(0.01)
        assert "too-many-connections" in {trouble.kind for trouble in troubles}
        for stream in silent:
            nursery.start_soon(stream.aclose)
        with trio.fail_after(10):
            while not await _ask(port, _get()):  # noqa: ASYNC110
                await trio.sleep(0.01)


async def test_a_head_that_does_not_end_is_not_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    async with _pages() as (port, _):
        began = trio.current_time()
        assert await _ask(port, _get()[:-2]) == b""
        assert trio.current_time() - began == pytest.approx(limits.HEADER_SECONDS, abs=1)


async def test_a_page_that_takes_too_long_is_given_up_and_told(autojump_clock: trio.testing.MockClock) -> None:
    async def slow() -> Shown:
        await trio.sleep_forever()
        raise AssertionError

    async with _pages(slow) as (port, troubles):
        assert (await _ask(port, _get())).startswith(b"HTTP/1.1 503")
        assert [trouble.kind for trouble in troubles] == ["page-failed"]


async def test_who_takes_nothing_is_left(autojump_clock: trio.testing.MockClock) -> None:
    async def large() -> Shown:
        return Shown(200, "text/plain", bytes(64 << 20))

    async with _pages(large) as (port, troubles):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(_get())
            await trio.sleep(limits.SEND_SECONDS + 5)
            taken = 0
            async for data in stream:
                taken += len(data)
            assert taken < 64 << 20
        assert troubles == []


async def test_cancelled_it_is_over_at_once_and_nobody_listens() -> None:
    async def slow() -> Shown:
        await trio.sleep_forever()
        raise AssertionError

    with trio.fail_after(10):
        async with _pages(slow) as (port, _):
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            await stream.send_all(_get())
        with pytest.raises(OSError, match="connect"):
            await trio.open_tcp_stream("127.0.0.1", port)
        await stream.aclose()


async def test_an_ordinary_client_reads_it() -> None:
    def read(port: int) -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection("localhost", port, timeout=20)) as client:
            client.request("GET", "/")
            answer = client.getresponse()
            return answer.status, answer.read()

    async with _pages() as (port, _):
        assert await trio.to_thread.run_sync(read, port) == (200, b"hello")


TARGETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40).map(lambda text: text.encode())
HOSTS = st.text(st.characters(max_codepoint=255), max_size=40).map(lambda text: text.encode("latin-1"))


@given(st.sampled_from([b"GET", b"HEAD", b"PUT"]) | TARGETS, TARGETS | st.just(b"/"), HOSTS | st.just(b"localhost"))
def test_of_any_request_comes_a_page_of_ours_or_a_refusal(method: bytes, target: bytes, host: bytes) -> None:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.PAGE_HEAD_OCTETS)
    connection.receive_data(method + b" " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    try:
        request = connection.next_event()
    except h11.RemoteProtocolError:
        return
    if not isinstance(request, h11.Request):
        return  # more would have to come
    found = path_of(request, pages={"/"}, hosts={"localhost"})
    if isinstance(found, Shown):
        assert 400 <= found.status < 500
        assert head_of(found).status_code == found.status
    else:
        assert found == "/"
        assert method in (b"GET", b"HEAD")
