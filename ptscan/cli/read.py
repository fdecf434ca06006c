"""``ptscan read``: one Reading for each address asked, in the order asked; ``--explain`` shows where it came from."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import trio

from proto_schema import Reading
from ptscan.cli.delivery import open_delivery
from ptscan.cli.devices import READ_AT_ONCE, Done, read_at
from ptscan.cli.endpoints import Endpoint, EndpointError, parse_endpoint
from ptscan.cli.exits import Exit, judged
from ptscan.cli.flat import READINGS_AS_ASKED, Shape
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
from ptscan.printer import DeviceReading, Roll, tell_apart
from ptscan.profiles import ProfileSet
from ptscan.snmp import Client, Traffic, open_client

if TYPE_CHECKING:
    from ptscan.cli.explain import Explained

T = TypeVar("T")


def read(
    *addresses: Address,
    explain: Annotated[
        bool,
        Option(
            help="Show for every value where it came from, and what was tried for each that is missing.",
            show_default=False,
        ),
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
    profiles = profiles_of(knowing)
    if not explain:
        shape = replace(READINGS_AS_ASKED, revise=tell_apart)
        return await _Reader(asking, profiles, earlier).read(endpoints, shape, _reading_of, showing)
    from ptscan.cli.explain import EXPLANATIONS, explained

    def explanation_of(device: DeviceReading, traffic: Traffic) -> "Explained":
        return explained(device, traffic, profiles)

    return await _Reader(asking, profiles, earlier).read(endpoints, EXPLANATIONS, explanation_of, showing)


def _reading_of(device: DeviceReading, traffic: Traffic) -> Reading:
    return device.reading


class _Reader:
    """Reads devices at once and gives them out in the order asked."""

    def __init__(self, asking: Asking, profiles: ProfileSet, earlier: Earlier | None) -> None:
        self._asking = asking
        self._profiles = profiles
        self._earlier = earlier

    async def read(
        self,
        endpoints: list[Endpoint],
        shape: Shape[T],
        record_of: Callable[[DeviceReading, Traffic], T],
        showing: Showing,
    ) -> Exit:
        """Read the devices at ``endpoints``, and give out what ``record_of`` makes of each."""
        words = Words(quiet=showing.quiet)
        format_of(showing)  # what is wrong with it is said before anything else happens
        credentials = credentials_of(self._asking)
        addresses = [(await address_of(endpoint), endpoint.port) for endpoint in endpoints]
        places = trio.Semaphore(READ_AT_ONCE)
        waiting: dict[int, Done] = {}
        read = given = wrong = 0
        roll = Roll()
        with open_delivery(shape, showing, words) as delivery:

            def give(numbers: Iterable[int]) -> None:
                nonlocal given, wrong
                for number in numbers:
                    one = waiting.pop(number)
                    given += 1
                    if one.fault is not None:
                        wrong += 1
                        words.complain(failure_line((one.address, one.port), one.fault, one.outcome))
                    if (device := one.device) is not None:
                        if delivery.streams:
                            device = msgspec.structs.replace(device, reading=roll.take(device.reading))
                        delivery.give([record_of(device, one.traffic)])

            async def read_one(client: Client, number: int) -> None:
                nonlocal read
                address, port = addresses[number]
                session = client.session(
                    *(address, port),
                    credentials=credentials,
                    version=self._asking.snmp_version,
                    accept_other_source=True,
                )
                async with places:
                    waiting[number] = await read_at(session, self._profiles, self._earlier)
                read += 1
                delivery.screen.step("reading", read, len(addresses))
                give(takewhile(waiting.__contains__, range(given, len(addresses))))

            async def read_all() -> None:
                async with open_client(client_settings(self._asking)) as client, trio.open_nursery() as nursery:
                    for number in range(len(addresses)):
                        nursery.start_soon(read_one, client, number)

            interrupted = await delivery.run(read_all)
            give(sorted(waiting))
        if interrupted:
            words.complain(f"interrupted: {read} of {counted(len(addresses), 'address', 'addresses')} were read")
            return Exit.INTERRUPTED
        return judged(right=read - wrong, wrong=wrong)
