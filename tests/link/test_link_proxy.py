"""Which proxy is used, what it is asked, and what is made of its answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.link import Proxy, ProxyError, limits, parse_proxy, proxy_from
from ptscan.link.proxy import connect_request, read_answer

OK = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://proxy.example:3128", Proxy(host="proxy.example", port=3128)),
        ("http://proxy.example", Proxy(host="proxy.example", port=80)),
        ("proxy.example:3128", Proxy(host="proxy.example", port=3128)),
        ("http://10.0.0.1:8080/", Proxy(host="10.0.0.1", port=8080)),
        ("http://[fd00::1]:8080", Proxy(host="fd00::1", port=8080)),
        ("http://ann:p%40ss%3Aword@proxy:1", Proxy(host="proxy", port=1, user="ann", password="p@ss:word")),
        ("HTTP://Proxy:1", Proxy(host="proxy", port=1)),
    ],
)
def test_a_proxy_is_read_from_its_url(url: str, proxy: Proxy) -> None:
    assert parse_proxy(url) == proxy


@pytest.mark.parametrize(
    "url",
    ["", "http://", "http://:3128", "https://proxy:1", "socks5://proxy:1", "http://proxy:0", "http://proxy:65536",
     "http://proxy:x", "http://pro xy:1", "http://a%3Ab:c@proxy:1", "http://a:b%0D%0Ac@proxy:1", "http://proxy/path",
     "http://proxy:1?q", "http://[::1", "http://pr\xf6xy:1"],
)  # fmt: skip
def test_a_proxy_that_was_named_wrongly_is_one_line_with_its_mend(url: str) -> None:
    with pytest.raises(ProxyError, match=r"mend|give it as") as found:
        parse_proxy(url)
    assert "\n" not in str(found.value)


def test_a_password_shows_nowhere() -> None:
    proxy = parse_proxy("http://ann:s3cret@proxy:3128")
    assert "s3cret" not in f"{proxy} {proxy!r} {[proxy]}"
    with pytest.raises(ProxyError) as found:
        parse_proxy("ftp://ann:s3cret@proxy:3128")
    assert "s3cret" not in str(found.value)


@pytest.mark.parametrize(
    ("environment", "used"),
    [
        ({}, False),
        ({"https_proxy": ""}, False),
        ({"http_proxy": "http://p:1"}, False),
        ({"https_proxy": "http://p:1"}, True),
        ({"HTTPS_PROXY": "http://p:1"}, True),
        ({"ALL_PROXY": "http://p:1"}, True),
        ({"all_proxy": "http://p:1", "no_proxy": "*"}, False),
        ({"all_proxy": "http://p:1", "NO_PROXY": "other.example, host.example"}, False),
        ({"all_proxy": "http://p:1", "no_proxy": "example"}, False),
        ({"all_proxy": "http://p:1", "no_proxy": ".EXAMPLE"}, False),
        ({"all_proxy": "http://p:1", "no_proxy": "*.example"}, False),
        ({"all_proxy": "http://p:1", "no_proxy": "ample"}, True),
        ({"all_proxy": "http://p:1", "no_proxy": ","}, True),
        ({"all_proxy": "http://p:1", "no_proxy": "host.example:7443"}, False),
        ({"all_proxy": "http://p:1", "no_proxy": "host.example:443"}, True),
    ],
)
def test_the_environment_names_a_proxy_and_who_is_exempt(environment: dict[str, str], used: bool) -> None:
    found = proxy_from(environment, "host.example", 7443)
    assert found == (Proxy(host="p", port=1) if used else None)


@pytest.mark.parametrize(
    ("entry", "host", "exempt"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3:7443", "10.1.2.3", True),
        ("fd00::/8", "fd00::1", True),
        ("[fd00::1]:7443", "fd00::1", True),
        ("[fd00::1]:1", "fd00::1", False),
        ("::1", "::1", True),
        ("10.0.0.0/8", "host.example", False),
        ("10.0.0.0/99", "10.0.0.1", False),
        ("[", "host", False),
        (":99999999999999999", "host", False),
    ],
)
def test_an_exemption_may_be_an_address_or_a_network(entry: str, host: str, exempt: bool) -> None:
    assert (proxy_from({"https_proxy": "p:1", "no_proxy": entry}, host, 7443) is None) == exempt


@given(st.text(max_size=80))
def test_no_exemption_is_too_odd_to_be_read(entry: str) -> None:
    proxy_from({"https_proxy": "p:1", "no_proxy": entry}, "host.example", 7443)


@given(st.text(max_size=80))
def test_a_proxy_is_read_or_refused(url: str) -> None:
    try:
        proxy = parse_proxy(url)
    except ProxyError:
        return
    assert b"\r\n\r\n" not in connect_request(proxy, "host", 1)[:-4]


def test_the_proxy_is_asked_for_a_tunnel() -> None:
    assert connect_request(Proxy(host="p", port=1), "host.example", 7443) == (
        b"CONNECT host.example:7443 HTTP/1.1\r\nHost: host.example:7443\r\n\r\n"
    )
    asked = connect_request(Proxy(host="p", port=1, user="Aladdin", password="open sesame"), "fd00::1", 7443)
    assert asked.startswith(b"CONNECT [fd00::1]:7443 HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n" in asked  # RFC 7617 section 2


@pytest.mark.parametrize("host", ["", "a b", "a\r\nb", "h\xf6st"])
def test_a_host_that_would_break_the_request_is_refused(host: str) -> None:
    with pytest.raises(ProxyError):
        connect_request(Proxy(host="p", port=1), host, 1)


def test_an_answer_is_read_when_it_is_whole_and_not_before() -> None:
    answer = b"HTTP/1.0 407 Log in\r\nProxy-Authenticate: Basic\r\n\r\n"
    assert [read_answer(answer[:end]) for end in range(len(answer))] == [None] * len(answer)
    assert read_answer(answer) == (407, "Log in")
    assert read_answer(answer + b"<html>why</html>") == (407, "Log in")
    assert read_answer(b"HTTP/1.1 200\n\n") == (200, "")
    assert read_answer(b"HTTP/1.1 502 \x1b[31m\xff red\r\n\r\n") == (502, "[31m red")


@pytest.mark.parametrize(
    "octets",
    [b"SSH-2.0-x\r\n", b"HTTP/2", b"HTTP/1.1 2000 x\r\n", b"HTTP/1.1 200OK\r\n\r\n", b"\x16\x03\x01", OK + b"x"],
)
def test_what_is_no_answer_is_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match=r"speak HTTP|of its own"):
        read_answer(octets)


def test_an_answer_may_be_as_long_as_its_limit_and_no_longer() -> None:
    start, end = b"HTTP/1.1 200 OK\r\nX: ", b"\r\n\r\n"
    fill = limits.PROXY_OCTETS - len(start) - len(end)
    assert read_answer(start + b"x" * fill + end) == (200, "OK")
    with pytest.raises(ValueError, match="longer than"):
        read_answer(start + b"x" * (fill + 1) + end)
    assert read_answer(start + b"x" * (fill + 4)) is None
    with pytest.raises(ValueError, match="longer than"):
        read_answer(start + b"x" * (fill + 5))


@given(st.binary(max_size=60))
def test_random_octets_are_no_answer_or_one(octets: bytes) -> None:
    for whole in (octets, b"HTTP/1.1 " + octets):
        try:
            read_answer(whole)
        except ValueError:
            pass
