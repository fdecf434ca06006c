"""A printer says the same over SNMPv3 as over v2c, and its engine ID is an identity where it has no better one."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import cast

import msgspec

from codec import Oid, parse_oid
from proto_schema import Reading
from ptscan.printer import read_device
from ptscan.profiles import ProfileSet
from ptscan.simulator import make_fleet, make_user
from ptscan.simulator.table import Device
from ptscan.snmp import Answer, Client, Credential, Secret, Session, User

from .stage import AT, PUBLIC, played

MONITOR = User(
    "monitor", "sha256", Secret("auth-password"), priv="aes128", priv_password=Secret("priv-password"), context=""
)
NAMELESS = """\
1.3.6.1.2.1.1.1.0|4|Example Printer 100
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1
1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5
1.3.6.1.2.1.43.5.1.1.1.1|65|1
1.3.6.1.2.1.43.10.2.1.4.1.1|65|12345
"""


def everybody(*devices: str | Device) -> AbstractAsyncContextManager[tuple[Client, list[tuple[str, int]]]]:
    """A client and where it finds the devices, which have a user and a community, and stand still in time."""
    user = make_user("monitor", auth="sha256", auth_secret="auth-password", priv="aes128", priv_secret="priv-password")
    return played(*devices, users=[user], speed=0)


async def read(
    client: Client, place: tuple[str, int], who: Credential, profiles: ProfileSet
) -> tuple[Reading, Session]:
    session = client.session(*place, credentials=(who,))
    return (await read_device(session, profiles, at=AT)).reading, session


async def test_every_model_reads_the_same_over_v3_in_one_round_trip_more(profiles: ProfileSet) -> None:
    async with everybody(*make_fleet(20, seed=5, others=False).devices) as (client, places):
        for place in places:
            plain, cheap = await read(client, place, PUBLIC[0], profiles)
            secure, session = await read(client, place, MONITOR, profiles)
            assert (plain.via, secure.via) == (["snmp-2c"], ["snmp-3"])
            assert msgspec.structs.replace(secure, via=plain.via) == plain
            assert session.traffic.round_trips <= min(12, cheap.traffic.round_trips + 1)
            # What secures a message takes about a hundred octets of it.
            octets = [each.traffic.sent_octets + each.traffic.received_octets for each in (cheap, session)]
            assert octets[1] <= octets[0] + 2 * 110 * session.traffic.requests


async def test_the_engine_id_is_who_it_is_where_nothing_better_is_told(profiles: ProfileSet) -> None:
    rows = NAMELESS + f"1.3.6.1.6.3.10.2.1.1.0|4x|8001869f04{b'press-7'.hex()}\n"
    async with everybody(rows) as (client, [place]):
        plain, _ = await read(client, place, PUBLIC[0], profiles)
        secure, session = await read(client, place, MONITOR, profiles)
    assert plain.device_id.startswith("address:")
    assert session.engine_id is not None
    assert secure.device_id == f"engine:{session.engine_id.hex()}"


async def test_an_engine_id_made_of_the_address_is_nobodys(profiles: ProfileSet) -> None:
    async with everybody(NAMELESS) as (client, [place]):
        secure, session = await read(client, place, MONITOR, profiles)
    assert session.engine_id is not None
    assert session.engine_id.endswith(place[0].encode())
    assert secure.device_id.startswith("address:")
    assert "unstable-identity" in [problem.code for problem in secure.problems]


class SystemOnly:
    """A session in a context that shows the system group alone; ``elsewhere`` is the session in HP's."""

    def __init__(self, session: Session, elsewhere: Session | None) -> None:
        self._session = session
        self._elsewhere = elsewhere

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)

    def in_jetdirect(self) -> Session | None:
        return self._elsewhere

    async def get(self, oids: Sequence[Oid]) -> Answer:
        return _shown(await self._session.get(oids))

    get_many = get

    async def get_next(self, oids: Sequence[Oid]) -> Answer:
        return _shown(await self._session.get_next(oids))

    async def columns(self, columns: Sequence[Oid], **how: int | None) -> Answer:
        return _shown(await self._session.columns(columns))


def _shown(answer: Answer) -> Answer:
    system = parse_oid("1.3.6.1.2.1.1")
    return msgspec.structs.replace(
        answer, varbinds=tuple(each for each in answer.varbinds if each[0].startswith(system))
    )


async def test_a_printer_that_hides_in_jetdirect_is_read_there(profiles: ProfileSet) -> None:
    async with everybody(*make_fleet(1, models=["hp-mono"]).devices) as (client, [place]):
        plain, _ = await read(client, place, PUBLIC[0], profiles)
        for elsewhere in (client.session(*place, credentials=(MONITOR,)), None):
            session = cast("Session", SystemOnly(client.session(*place, credentials=(MONITOR,)), elsewhere))
            found = (await read_device(session, profiles, at=AT)).reading
            assert (found.meters == plain.meters) is (elsewhere is not None)
            assert found.identity.name == plain.identity.name
