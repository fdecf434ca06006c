"""Files, host names and attached networks: read from the outside world, with exact faults."""

import socket
from pathlib import Path

import pytest
import trio

from ptscan.targets import TargetError, format_address, resolve_targets
from ptscan.targets.limits import MAX_FILE_OCTETS
from ptscan.targets.lookup import attached_networks, networks_of_route_table


class Resolver(trio.abc.HostnameResolver):
    """Answers as the table says; what it does not know is not found."""

    def __init__(self, table: dict[str, list[str]]) -> None:
        self._table = table

    async def getaddrinfo(self, host, port, family=0, type=0, proto=0, flags=0):  # type: ignore[no-untyped-def]
        await trio.lowlevel.checkpoint()
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self._table:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in self._table[name]]
        return [(kind, type, 0, "", (address, 0)) for kind, address in zip(families, self._table[name], strict=True)]

    async def getnameinfo(self, sockaddr, flags):  # type: ignore[no-untyped-def]
        raise NotImplementedError


async def resolved(*texts: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return [format_address(address) for address in await resolve_targets(texts, exclude)]


async def test_a_name_gives_its_ipv4_addresses_and_only_without_them_its_ipv6_ones() -> None:
    trio.socket.set_custom_hostname_resolver(
        Resolver({"both": ["fd00::1", "10.0.0.1", "10.0.0.2"], "new.example": ["fd00::2"]})
    )
    assert await resolved("both") == ["10.0.0.1", "10.0.0.2"]
    assert await resolved("new.example") == ["fd00::2"]
    assert await resolved("both", "10.0.0.9", exclude=("both",)) == ["10.0.0.9"]


async def test_a_name_that_is_not_found_is_named(tmp_path: Path) -> None:
    trio.socket.set_custom_hostname_resolver(Resolver({}))
    listing = tmp_path / "list.txt"
    listing.write_text("10.0.0.1\nprnter7\n")
    with pytest.raises(TargetError, match=r"list.txt line 2: target 'prnter7': the host name was not found"):
        await resolve_targets([f"@{listing}"])


async def test_a_file_is_read_with_comments_and_a_byte_order_mark(tmp_path: Path) -> None:
    listing = tmp_path / "list.txt"
    listing.write_bytes("\ufeff# printers\r\n10.0.0.1\r\n\r\n10.0.0.2 # second\r\n".encode())
    assert await resolved(f"@{listing}") == ["10.0.0.1", "10.0.0.2"]
    assert await resolved("10.0.0.1-3", exclude=(f"@{listing}",)) == ["10.0.0.3"]


async def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="cannot be read: No such file"):
        await resolve_targets([f"@{tmp_path}/nowhere"])
    with pytest.raises(TargetError, match="cannot be read: Is a directory"):
        await resolve_targets([f"@{tmp_path}"])
    with pytest.raises(TargetError, match="cannot be read"):
        await resolve_targets(["@a\0b"])
    binary = tmp_path / "binary"
    binary.write_bytes(b"10.0.0.1\n\xff\xfe")
    with pytest.raises(TargetError, match="octet 9 is not UTF-8"):
        await resolve_targets([f"@{binary}"])
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(MAX_FILE_OCTETS)
    with pytest.raises(TargetError, match=r"line 1: .* longer than 512"):  # at the limit it is read
        await resolve_targets([f"@{large}"])
    with large.open("wb") as file:
        file.truncate(MAX_FILE_OCTETS + 1)
    with pytest.raises(TargetError, match="larger than 16 MiB"):
        await resolve_targets([f"@{large}"])


ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
eth1\t0000000A\t00000000\t0001\t0\t0\t100\t0000FCFF\t0\t0\t0
eth0\t0000FEA9\t00000000\t0001\t0\t0\t1000\t0000FFFF\t0\t0\t0
eth0\t0000A8C0\t0101A8C0\t0003\t0\t0\t100\t0000FFFF\t0\t0\t0
tun0\t0500080A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
eth2\t0000100A\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""


def test_the_attached_networks_are_the_routes_without_a_gateway() -> None:
    assert networks_of_route_table(ROUTES) == ("192.168.1.0/24", "10.0.0.0/14", "10.8.0.5/32")


async def test_local_is_what_the_machine_is_attached_to() -> None:
    networks = attached_networks()
    if not networks:
        with pytest.raises(TargetError, match="no attached network was found"):
            await resolve_targets(["local"])
    else:
        assert set(await resolve_targets(["local"])) == set(await resolve_targets(networks))
