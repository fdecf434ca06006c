"""``ptscan read``: one Reading for each address asked, in the order asked; ``--explain`` shows where it came from."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Annotated

import msgspec
import trio

from proto_schema import Reading
from ptscan.cli.delivery import open_delivery
from ptscan.cli.devices import READ_AT_ONCE, Done, read_at
from ptscan.cli.endpoints import Endpoint, EndpointError, parse_endpoint
from ptscan.cli.exits import Exit, judged
from ptscan.cli.explain import explanation
from ptscan.cli.flat import READINGS_AS_ASKED
from ptscan.cli.formats import format_of
from ptscan.cli.knowledge import profiles_of
from ptscan.cli.options import (
    DEFAULT_ASKING,
    DEFAULT_KNOWING,
    DEFAULT_SHOWING,
    Address,
    Asking,
    Knowing,
    Option,
    Previous,
    Showing,
)
from ptscan.cli.previous import Earlier, load_earlier
from ptscan.cli.trying import credentials_of
from ptscan.cli.ways import address_of, client_settings, failure_line
from ptscan.cli.words import Words, counted
from ptscan.printer import Roll, tell_apart
from ptscan.snmp import Client, open_client


def read(
    *addresses: Address,
    explain: Annotated[
        bool, Option(help="Show for every value where it came from (with --format table).", show_default=False)
    ] = False,
    asking: Asking = DEFAULT_ASKING,
    knowing: Knowing = DEFAULT_KNOWING,
    previous: Previous = None,
    showing: Showing = DEFAULT_SHOWING,
) -> int:
    """Read the printers at these addresses, without a sweep."""
    if not addresses:
        raise EndpointError("read: no address was given: name at least one, as 10.0.0.7 or 10.0.0.7:161")
    endpoints = [parse_endpoint(text, asking.port) for text in addresses]
    earlier = load_earlier(previous)
    return trio.run(_read, endpoints, explain, asking, knowing, earlier, showing)


async def _read(
    endpoints: list[Endpoint],
    explain: bool,
    asking: Asking,
    knowing: Knowing,
    earlier: Earlier | None,
    showing: Showing,
) -> Exit:
    words = Words(quiet=showing.quiet)
    explains = explain and format_of(showing) == "table"  # elsewhere a Reading's own provenance has to do
    profiles = profiles_of(knowing)
    credentials = credentials_of(asking)
    addresses = [(await address_of(endpoint), endpoint.port) for endpoint in endpoints]
    places = trio.Semaphore(READ_AT_ONCE)
    done: dict[int, Done] = {}
    given = wrong = 0
    roll = Roll()

    def explained(readings: Sequence[Reading], terminal: bool) -> str:
        read = [(one.device, one.traffic) for _, one in sorted(done.items()) if one.device is not None]
        return "\n\n".join(
            explanation(msgspec.structs.replace(device, reading=reading), traffic, profiles, terminal=terminal)
            for reading, (device, traffic) in zip(readings, read, strict=True)
        )

    shape = replace(READINGS_AS_ASKED, revise=tell_apart, draw=explained if explains else None)
    with open_delivery(shape, showing, words) as delivery:

        def give(numbers: Iterable[int]) -> None:
            nonlocal given, wrong
            for number in numbers:
                one = done[number]
                given += 1
                if one.fault is not None:
                    wrong += 1
                    words.complain(failure_line((one.address, one.port), one.fault, one.outcome))
                if one.device is not None:
                    reading = one.device.reading
                    delivery.give([roll.take(reading) if delivery.streams else reading])

        async def read_one(client: Client, number: int) -> None:
            address, port = addresses[number]
            session = client.session(
                address, port, credentials=credentials, version=asking.snmp_version, accept_other_source=True
            )
            async with places:
                done[number] = await read_at(session, profiles, earlier)
            delivery.screen.step("reading", len(done), len(addresses))
            give(takewhile(done.__contains__, range(given, len(addresses))))

        async def read_all() -> None:
            async with open_client(client_settings(asking)) as client, trio.open_nursery() as nursery:
                for number in range(len(addresses)):
                    nursery.start_soon(read_one, client, number)

        interrupted = await delivery.run(read_all)
        give(sorted(number for number in done if number >= given))
    if interrupted:
        words.complain(f"interrupted: {len(done)} of {counted(len(addresses), 'address', 'addresses')} were read")
        return Exit.INTERRUPTED
    return judged(right=len(done) - wrong, wrong=wrong)
