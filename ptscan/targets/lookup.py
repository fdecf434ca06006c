"""The room's only input and output: reads target files, resolves host names, lists attached networks."""

import socket
import struct
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network
from pathlib import Path

import trio

from ptscan.targets.errors import TargetError
from ptscan.targets.grammar import Asked, Lookup, read_target
from ptscan.targets.limits import MAX_FILE_OCTETS, MAX_NAMES, MAX_NAMES_AT_ONCE
from ptscan.targets.parse import Lookups, PlacedText, expanded, parse_targets
from ptscan.targets.target_set import TargetSet

_ROUTE_TABLE = Path("/proc/net/route")
_ROUTE_UP = 0x1  # RTF_UP and RTF_GATEWAY, linux/route.h
_ROUTE_BY_GATEWAY = 0x2


async def resolve_targets(texts: Iterable[str], exclude: Iterable[str] = ()) -> TargetSet:
    """Read ``texts`` minus ``exclude``, looking up files, host names and ``local`` in worker threads.

    Raises TargetError. A checkpoint; a cancellation leaves a look-up to end in its thread and keeps nothing of it.
    """
    wanted, unwanted = list(texts), list(exclude)
    files: dict[str, str] = {}
    for text in [*wanted, *unwanted]:
        if text.startswith("@") and len(text) > 1 and text[1:] not in files:
            files[text[1:]] = await trio.to_thread.run_sync(read_target_file, text[1:], abandon_on_cancel=True)
    asked = list(_questions([*expanded(wanted, files), *expanded(unwanted, files)]))
    names = {read.subject: placed for placed, read in asked if read.kind is Lookup.NAME}
    if len(names) > MAX_NAMES:
        raise TargetError(
            "", f"{len(names):,} host names are more than {MAX_NAMES:,}; write addresses or split the list"
        )
    local: tuple[str, ...] = ()
    if any(read.kind is Lookup.LOCAL for _, read in asked):
        local = await trio.to_thread.run_sync(attached_networks, abandon_on_cancel=True)
    resolved = await _resolve_names(names)
    return parse_targets(wanted, unwanted, lookups=Lookups(files, resolved, local))


def _questions(placed_texts: Sequence[PlacedText]) -> Iterable[tuple[PlacedText, Asked]]:
    for placed in placed_texts:
        # Sizes are judged by parse_targets, which knows which texts are excludes.
        read = read_target(placed.text, where=placed.where, any_size=True)
        if isinstance(read, Asked):
            yield placed, read


def read_target_file(path: str) -> str:
    """Read the target file at ``path``; blocks. Raises TargetError."""
    try:
        with Path(path).open("rb") as file:
            octets = file.read(MAX_FILE_OCTETS + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise TargetError(f"@{path}", f"the file cannot be read: {reason}") from error
    if len(octets) > MAX_FILE_OCTETS:
        raise TargetError(f"@{path}", f"the file is larger than {MAX_FILE_OCTETS >> 20} MiB; use CIDRs or ranges")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TargetError(f"@{path}", f"not a text file: octet {error.start} is not UTF-8; save it as UTF-8") from error


async def _resolve_names(names: dict[str, PlacedText]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    faults: dict[str, str] = {}
    at_once = trio.CapacityLimiter(MAX_NAMES_AT_ONCE)

    async def resolve(name: str) -> None:
        async with at_once:
            try:
                answers = await trio.socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
            except (OSError, UnicodeError) as error:
                faults[name] = error.strerror or str(error) if isinstance(error, OSError) else str(error)
                return
        # A host with both kinds of address is one device: asked at its IPv4 addresses only, or it were found twice.
        for family in (socket.AF_INET, socket.AF_INET6):
            addresses = dict.fromkeys(str(answer[4][0]) for answer in answers if answer[0] == family)
            if addresses and name not in found:
                found[name] = tuple(address for address in addresses if "%" not in address)

    async with trio.open_nursery() as nursery:
        for name in names:
            nursery.start_soon(resolve, name)
    for name, fault in faults.items():
        raise TargetError(name, f"the host name was not found ({fault}); check it or write the address",
                          where=names[name].where)  # fmt: skip
    return found


def attached_networks() -> tuple[str, ...]:
    """List the IPv4 networks this machine is attached to, as CIDRs; blocks for an instant.

    Linux says them in its route table (those without a gateway). Elsewhere the primary address's /24 has to do.
    IPv6 links are far too large to sweep and are not listed.
    """
    try:
        return networks_of_route_table(_ROUTE_TABLE.read_text("ascii"))
    except (OSError, ValueError):
        return _primary_network()


def networks_of_route_table(table: str) -> tuple[str, ...]:
    """Read the attached networks from the text of Linux's ``/proc/net/route``, link-local ones left out."""
    networks: list[IPv4Network] = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8:
            continue
        destination, flags, mask = (int(fields[column], 16) for column in (1, 3, 7))
        if not flags & _ROUTE_UP or flags & _ROUTE_BY_GATEWAY or not mask:
            continue
        # The kernel prints the network-order octets as one number of the machine's own order.
        base, netmask = (socket.inet_ntoa(struct.pack("=I", number)) for number in (destination, mask))
        network = IPv4Network(f"{base}/{netmask}", strict=False)
        if not (network.is_link_local or network.is_loopback or network.is_multicast):
            networks.append(network)
    return tuple(dict.fromkeys(str(network) for network in networks))


def _primary_network() -> tuple[str, ...]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1: connecting a datagram socket sends nothing
            address = str(probe.getsockname()[0])
        except OSError:
            return ()
    if address.startswith(("127.", "0.")):
        return ()
    return (str(IPv4Network(f"{address}/24", strict=False)),)
