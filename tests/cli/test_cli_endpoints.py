"""``ADDRESS[:PORT]`` in every way that a person writes it."""

import pytest

from ptscan.cli.endpoints import Endpoint, EndpointError, parse_endpoint, shown


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("10.0.0.7", Endpoint("10.0.0.7", 161)),
        ("10.0.0.7:1161", Endpoint("10.0.0.7", 1161)),
        ("::1", Endpoint("::1", 161)),
        ("2001:DB8::0:1", Endpoint("2001:db8::1", 161)),
        ("[::1]", Endpoint("::1", 161)),
        ("[::1]:65535", Endpoint("::1", 65535)),
        ("fe80::1%eth0", Endpoint("fe80::1%eth0", 161)),
        ("localhost", Endpoint("localhost", 161, is_name=True)),
        ("hp-3.office.example.:1161", Endpoint("hp-3.office.example.", 1161, is_name=True)),
        ("drucker-büro", Endpoint("drucker-büro", 161, is_name=True)),
    ],
)
def test_an_endpoint_is_read(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text, 161) == endpoint


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is no address and no host name"),
        ("10.0.0.300", "is no IPv4 address"),
        ("10.1", "is no IPv4 address"),
        ("0x7f.1", "is no IPv4 address"),
        ("10.0.0.7:0", 'in "10.0.0.7:0" "0" is no port'),
        ("10.0.0.7:65536", "is no port"),
        ("10.0.0.7:", "is no port"),
        ("10.0.0.7:²", "is no port"),
        ("[::1]x", "is no address"),
        ("[::1", "is no address"),
        ("[10.0.0.7]:161", "is no address"),
        ("::1::2", "is no IPv6 address"),
        ("10.0.0.0/24", "ptscan scan 10.0.0.0/24"),
        ("a b", "is no address and no host name"),
        ("-rf", "is no address"),
        ("x" * 254, "is no address"),
    ],
)
def test_a_wrong_endpoint_says_what_is_wrong(text: str, fault: str) -> None:
    with pytest.raises(EndpointError) as caught:
        parse_endpoint(text, 161)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("address", "port", "text"),
    [("10.0.0.7", 161, "10.0.0.7"), ("10.0.0.7", 162, "10.0.0.7:162"), ("::1", 161, "::1"), ("::1", 162, "[::1]:162")],
)
def test_what_is_shown_can_be_typed_again(address: str, port: int, text: str) -> None:
    assert shown(address, port) == text
    assert parse_endpoint(text, 161) == Endpoint(address, port)
