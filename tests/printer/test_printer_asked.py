"""What is asked of a device: nothing beyond the lists, over all models, recordings and versions, whatever it answers.

The lists: the parts of the standard MIBs that a reading is made of, the subtrees that the profiles of this device
allow, and never what the deny-list closes. Only to find out whether a device is a printer at all, and who made it, one
GETNEXT goes to the trees that printers have.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from codec import OCTET_STRING, Message, Oid, PduType, Varbind, encode_response, format_oid, parse_oid
from ptscan.printer import DeviceReading, read_device
from ptscan.profiles import DENIED_SUBTREES, Profile, ProfileSet, allowed, denied, denied_walk, load_profiles
from ptscan.simulator import FleetDevice, Recording, load_recording, make_fleet, make_user
from ptscan.snmp import Client, Credential, Secret, Session, User, Version, open_client

from .stage import AT, PRINTER, PUBLIC, answering, go_between, played, session_with, told

PROFILES = load_profiles()
MONITOR = User("monitor", "sha256", Secret("auth-password"), context="")
WAYS: dict[str, tuple[Credential, str]] = {"1": (PUBLIC[0], "1"), "2c": (PUBLIC[0], "2c"), "3": (MONITOR, "3")}

CANARY = "job of somebody"


class Watched(ProfileSet):
    """Our profiles; ``matched`` are those of the device that is being read, each time that they are chosen."""

    def __init__(self, session: Session) -> None:
        super().__init__(PROFILES.profiles)
        self._session = session
        self.never = tuple(subtree for profile in PROFILES.profiles for subtree in profile.never_ask)
        self.matched: list[tuple[int, tuple[Profile, ...]]] = []

    def match(self, *said: object, **more: object) -> tuple[Profile, ...]:
        """Choose, and keep after how many questions the choice was made."""
        chosen = super().match(*said, **more)  # type: ignore[arg-type]
        self.matched.append((len(self._session.traffic.questions), chosen))
        return chosen

    def strays(self) -> Iterator[str]:
        """The objects that were asked for beyond the lists of the profiles that were chosen at that moment."""
        for number, question in enumerate(self._session.traffic.questions):
            chosen = [profiles for asked, profiles in self.matched if asked <= number][-1:]
            known = (self.generic, *(profile for profiles in chosen for profile in profiles))
            subtrees = tuple(subtree for profile in known for subtree in profile.allow)
            also = [other for profile in known for other in self.profiles if other.name in profile.also]
            looking = set(question) <= {*self.trees, *(tree for profile in also for tree in profile.trees)}
            for oid in question:
                if denied(oid) or oid.startswith(self.never) or not (looking or allowed(oid, subtrees)):
                    yield f"{number}: {format_oid(oid)}"


async def read(session: Session) -> tuple[DeviceReading, list[str]]:
    """A reading and what was asked for beyond the lists."""
    profiles = Watched(session)
    device = await read_device(session, profiles, at=AT)
    assert session.traffic.asked
    return device, list(profiles.strays())


async def strays_of(devices: Sequence[FleetDevice | Recording], way: str) -> dict[str, list[str]]:
    """What was asked beyond the lists, of every device."""
    credential, version = WAYS[way]
    user = make_user("monitor", auth="sha256", auth_secret="auth-password")
    found = {}
    async with played(*devices, network="127.70.24.0/22", speed=0, users=[user]) as (client, places):
        for device, place in zip(devices, places, strict=True):
            session = session_with(client, place, credential, timeout=5.0, version=version)
            found[device.what], at = (await read(session))[1], session.version
            assert at == version
    return found


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_beyond_the_lists_is_asked_of_the_whole_fleet(way: str) -> None:
    found = await strays_of(make_fleet(60, seed=11).devices, way)
    assert len(found) >= 17
    assert {model: strays for model, strays in found.items() if strays} == {}


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_beyond_the_lists_is_asked_of_any_recorded_device(way: str, shared: Path) -> None:
    found = await strays_of([load_recording(path) for path in sorted((shared / "printers").rglob("*.snmprec"))], way)
    assert len(found) > 70
    assert {device: strays for device, strays in found.items() if strays} == {}


def canaries() -> list[str]:
    """Rows in every closed subtree, at its front and further in."""
    return [
        f"{subtree}.{index}|4|{CANARY}" for subtree in DENIED_SUBTREES for index in ("0", "1.1", "1.1.1.1", "5.1.2.1.1")
    ]


def rows_of(*profiles: Profile) -> list[str]:
    """Rows in every tree, scalar and column that the profiles know."""
    rows: dict[str, str] = {}
    for profile in profiles:
        columns = (column for table in profile.ask.tables for column in table)
        for oid in (*profile.trees, *columns):
            rows |= {f"{format_oid(oid)}.1": "4|x", f"{format_oid(oid)}.1.2": "2|7"}
        rows |= {format_oid(oid): "4|x" for oid in profile.ask.scalars if oid not in PROFILES.identify}
    return [f"{oid}|{value}" for oid, value in rows.items()]


NUMBERED = [profile for profile in PROFILES.profiles if profile.printers]


async def gossip(client: Client, place: tuple[str, int]) -> list[Oid]:
    """Read a device whose closed subtrees are full, find nothing of them asked nor kept, and return what was asked."""
    session = session_with(client, place, timeout=2.0)
    device, strays = await read(session)
    assert strays == []
    for kept in (msgspec.json.encode(device.reading), repr(device.evidence).encode()):
        assert CANARY.encode() not in kept
    return session.traffic.asked


@pytest.mark.parametrize("profile", NUMBERED, ids=lambda profile: profile.name)
async def test_of_a_device_that_keeps_jobs_and_users_nothing_is_asked_nor_kept(profile: Profile) -> None:
    """Of each maker a device that has all that its profile asks for, and every closed subtree beside it."""
    number = format_oid(profile.printers[0])
    who = (f"1.3.6.1.2.1.1.2.0|6|{number}.1", "1.3.6.1.2.1.1.1.0|4|")
    async with played(told(PRINTER, *rows_of(profile), *canaries(), *who)) as (client, [place]):
        asked = await gossip(client, place)
    its_own = {oid for oid in profile.ask.scalars if not allowed(oid)}
    assert not its_own or its_own & set(asked)  # some are for certain models alone


async def test_a_device_that_claims_to_be_of_every_maker_gets_no_more_than_the_lists() -> None:
    makers = ["HP", "Brother", "RICOH", "EPSON", "Canon", "KYOCERA", "Xerox"]
    ids = [
        f"{format_oid(oid)}|4|{''.join(f'MFG:{maker};MDL:{maker} 1;' for maker in makers[n:])}"
        for n, oid in enumerate(PROFILES.identify[2:])
    ]
    for text in ("", "Xerox;HP LaserJet;Brother NC-1;KYOCERA ECOSYS;RICOH Network Printer C model;EPSON AL-1;bizhub"):
        rows = told(PRINTER, *rows_of(*PROFILES.profiles), *canaries(), *ids, f"1.3.6.1.2.1.1.1.0|4|{text}")
        async with played(rows) as (client, [place]):
            await gossip(client, place)


async def test_a_device_without_a_printers_rows_leads_no_walk_into_what_is_closed() -> None:
    """After each column that it lacks comes a closed subtree at once."""
    async with played("1.3.6.1.2.1.1.1.0|4|Brother NC-8300h\n" + "\n".join(canaries()) + "\n") as (client, [place]):
        await gossip(client, place)


EPSON = "1.3.6.1.4.1.1248.1.2.2"


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_an_epson_never_steps_onto_the_channel_whose_reading_acts(version: Version) -> None:
    """What is asked of it leads nowhere near: not even the row behind the last one is its control channel's."""
    supplies = [
        f"{EPSON}.28.1.1.{column}.1.{row}|{value}"
        for row in range(1, 6)
        for column, value in ((2, "2|70"), (3, "2|1"), (5, "4|Black"), (18, "4|Black ink"))
    ]
    rows = told(
        PRINTER,
        "1.3.6.1.2.1.1.1.0|4|EPSON Built-in 11b/g/n Print Server",
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1248.1.1.2.1.3.5.69.69.80.83.50",
        f"{EPSON}.1.1.1.2.1|4|WF-C5790",
        f"{EPSON}.1.1.1.5.1|4|X3BC000001",
        *(f"{EPSON}.2.1.1.{column}.1.{row}|4|{column}" for column in (2, 3, 4) for row in (1, 2, 3)),
        *(f"{EPSON}.27.1.1.{column}.1.1|65|{column}" for column in (3, 4)),
        *supplies,
        *canaries(),
    )
    heard: list[Oid] = []
    async with played(rows) as (client, [target]), go_between(lambda _: target, heard=heard) as place:
        device, strays = await read(session_with(client, place, timeout=2.0, version=version))
    assert strays == []
    assert device.reading.identity.manufacturer == "Epson"
    assert parse_oid(f"{EPSON}.28.1.1.2.1.1") in heard
    assert [format_oid(oid) for oid in heard if oid.startswith(parse_oid(f"{EPSON}.44"))] == []


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_nor_does_one_of_which_nothing_is_known(version: Version) -> None:
    """What says of itself no maker is asked for every maker's trees; an old one has but the first of Epson's."""
    rows = told("1.3.6.1.2.1.1.1.0|4|box", f"{EPSON}.1.1.1.2.1|4|EPL-N2700", *canaries())
    heard: list[Oid] = []
    async with played(rows) as (client, [target]), go_between(lambda _: target, heard=heard) as place:
        device, strays = await read(session_with(client, place, timeout=2.0, version=version))
    assert (strays, device.reading.identity.manufacturer) == ([], "Epson")
    assert [format_oid(oid) for oid in heard if oid.startswith(parse_oid(f"{EPSON}.44"))] == []


async def test_nor_does_one_that_lacks_what_a_persons_own_profile_asks_for() -> None:
    """In v1 what may be absent is asked for by a GETNEXT; not so before objects whose reading acts."""
    epson = next(profile for profile in PROFILES.profiles if profile.name == "epson")
    careless = msgspec.structs.replace(epson, never_ask=(), supplies=())
    profiles = ProfileSet([careless if profile is epson else profile for profile in PROFILES.profiles])
    number = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1248.1.1.2.1.3.5.69.69.80.83.50"
    rows = told(PRINTER, number, f"{EPSON}.1.1.1.2.1|4|WF-C5790", *canaries())
    heard: list[Oid] = []
    async with played(rows) as (client, [target]), go_between(lambda _: target, heard=heard) as place:
        device = await read_device(session_with(client, place, timeout=2.0, version="1"), profiles, at=AT)
    assert device.reading.identity.serial == "EX100-00042"
    assert [format_oid(oid) for oid in heard if oid.startswith(parse_oid(f"{EPSON}.44"))] == []


CLOSED = [*map(parse_oid, DENIED_SUBTREES)]


def misleading(seed: int) -> Callable[[Message], bytes]:
    """For each question an answer whose objects lie in closed subtrees, in other columns, before or behind what was
    asked, and in between some that are right."""
    draw = random.Random(seed)
    count = 0

    def where(asked: Oid) -> Oid:
        nonlocal count
        count += 1
        index = bytes((1, 1 + count % 100))
        return draw.choice(
            [asked + index, asked + index, asked, draw.choice(CLOSED) + index, draw.choice(PROFILES.trees) + index]
        )

    def answer(message: Message) -> bytes:
        asked = [oid for oid, _, _ in message.varbinds]
        rounds = min(message.error_index, 5) if message.pdu_type == PduType.GET_BULK else 1
        given = asked if message.pdu_type == PduType.GET else [where(oid) for _ in range(rounds) for oid in asked]
        if message.pdu_type == PduType.GET and draw.random() < 0.3:
            given = [where(oid) for oid in asked]
        rows: list[Varbind] = [(oid, OCTET_STRING, CANARY.encode() if denied(oid) else b"1") for oid in given]
        return encode_response(message.version, message.community, message.request_id, rows)

    return answer


@pytest.mark.parametrize("seed", range(20))
async def test_answers_that_lead_astray_are_not_followed(seed: int) -> None:
    async with open_client() as client, answering(misleading(seed)) as place:
        await gossip(client, place)


async def test_a_rule_that_goes_beyond_its_lists_asks_for_nothing() -> None:
    """Whatever a profile holds once it is loaded, the reader asks by the lists."""
    canon = next(profile for profile in PROFILES.profiles if profile.name == "canon")
    beyond = (*CLOSED, parse_oid("1.3.6.1.4.1.99999.1.1.0"), parse_oid("1.3.6.1.2.1.4.20.1.1"))
    loose = msgspec.structs.replace(
        canon,
        scalars=(*canon.scalars, *(msgspec.structs.replace(canon.scalars[0], oid=oid) for oid in beyond)),
        tables=(*canon.tables, *(msgspec.structs.replace(canon.tables[0], value=oid) for oid in beyond)),
        allow=(*canon.allow, *CLOSED),
    )
    assert {*beyond} <= {*loose.ask.scalars, *(column for table in loose.ask.tables for column in table)}
    profiles = ProfileSet([loose if profile is canon else profile for profile in PROFILES.profiles])
    rows = told(PRINTER, *canaries(), "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1602.4.7")
    async with played(rows) as (client, [place]):
        session = session_with(client, place)
        device = await read_device(session, profiles, at=AT)
    assert set(canon.ask.scalars) & set(session.traffic.asked)
    assert [format_oid(oid) for oid in session.traffic.asked if oid.startswith(beyond)] == []
    assert device.reading.meters["total"] == 12345


def test_no_profile_allows_what_is_closed_or_a_makers_whole_tree() -> None:
    for profile in PROFILES.profiles:
        for subtree in profile.allow:
            assert denied(subtree) is None, f"{profile.name}: {format_oid(subtree)}"
            assert format_oid(subtree).count(".") >= 7, f"{profile.name}: {format_oid(subtree)}"
        for table in profile.ask.tables:
            assert [format_oid(column) for column in table if denied_walk(column)] == []
