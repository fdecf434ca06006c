"""Problems of the field that lie on the wire: versions, credentials, late and stray answers, GETBULK that garbles."""

from codec import PduType, format_oid
from ptscan.printer import DeviceReading, read_device
from ptscan.profiles import ProfileSet
from ptscan.simulator import Fault, FaultKind, make_user
from ptscan.snmp import Community, Outcome, Secret, User

from .stage import AT, PRINTER, PUBLIC, go_between, played, session_with, told

HP = told(
    PRINTER,
    "1.3.6.1.2.1.1.1.0|4|HP ETHERNET MULTI-ENVIRONMENT",
    "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3.9.1",
    "1.3.6.1.2.1.1.4.0|4|",
    "1.3.6.1.2.1.1.6.0|4|",
    "1.3.6.1.4.1.11.2.3.9.4.2.1.1.3.6.0|4x|011532303138",
    "1.3.6.1.4.1.11.2.3.9.4.2.1.4.1.2.22.0|2|77",
)
MAC = "1.3.6.1.2.1.2.2.1.6"


def whole(device: DeviceReading) -> bool:
    """Whether all that PRINTER tells was read."""
    reading = device.reading
    return (
        (reading.identity.serial, reading.meters.get("total")) == ("EX100-00042", 12345)
        and [row.percent for row in reading.supplies] == [40.0]
        and reading.status.state == "idle"
    )


async def test_problem_04_over_v1_a_missing_object_costs_no_other_one(profiles: ProfileSet) -> None:
    """Of HP's twenty objects this device has two; each of the others would answer noSuchName for all."""
    async with played(HP, faults=[Fault(FaultKind.V1_ONLY)]) as (client, [place]):
        session = session_with(client, place)
        device = await read_device(session, profiles, at=AT)
    assert device.reading.via == ["snmp-1"]
    assert whole(device)
    assert (device.reading.identity.firmware, device.reading.meters["duplex"]) == ("2018", 77)
    assert session.traffic.round_trips <= 12


async def test_problem_07_a_mac_that_getbulk_garbles_is_read_again_by_get(profiles: ProfileSet) -> None:
    right = told(PRINTER, f"{MAC}.1|4|", f"{MAC}.2|4x|001599aabbcc", "1.3.6.1.2.1.2.2.1.3.1|2|24")
    garbled = told(right, f"{MAC}.2|4x|0001000000")
    async with (
        played(right, garbled) as (client, [good, bad]),
        go_between(lambda kind: good if kind is PduType.GET else bad) as place,
    ):
        session = session_with(client, place)
        device = await read_device(session, profiles, at=AT)
        again = [question for question in session.traffic.questions if [*map(format_oid, question)] == [f"{MAC}.2"]]
    assert device.reading.identity.mac == "00:15:99:aa:bb:cc"
    assert len(again) == 1


async def test_problem_07_a_mac_that_is_garbled_for_good_is_no_mac(profiles: ProfileSet) -> None:
    for octets in ("0001000000", "01005e000001", "000000000000"):
        async with played(told(PRINTER, f"{MAC}.1|4x|{octets}")) as (client, [place]):
            device = await read_device(session_with(client, place), profiles, at=AT)
        assert device.reading.identity.mac is None
        assert "identity.mac" in device.reading.missing
        assert whole(device)


async def test_problem_09_an_answer_that_comes_after_the_retry_was_sent_is_taken(profiles: ProfileSet) -> None:
    """Every answer takes half as long again as a try waits, so that each is the answer to a first try."""
    async with played(PRINTER, faults=[Fault(FaultKind.DELAY, 0.09)]) as (client, [place]):
        session = session_with(client, place, timeout=0.06, retries=2)
        device = await read_device(session, profiles, at=AT)
    assert whole(device)
    assert session.traffic.requests > session.traffic.round_trips


async def test_problem_10_an_answer_from_another_address_of_the_host_counts_where_that_is_wished(
    profiles: ProfileSet,
) -> None:
    async with played(PRINTER, faults=[Fault(FaultKind.OTHER_ADDRESS, address="127.70.18.1")]) as (client, [place]):
        liberal = await read_device(session_with(client, place, accept_other_source=True), profiles, at=AT)
        strict = await read_device(session_with(client, place, timeout=0.05), profiles, at=AT)
    assert whole(liberal)
    assert liberal.reading.address == place[0]  # the one that was asked
    assert strict.outcome is Outcome.SILENT
    assert "127.70.18.1" in strict.reading.problems[0].text


async def test_problem_29_credentials_are_tried_in_order_and_the_one_that_works_is_kept(profiles: ProfileSet) -> None:
    ring = (Community(Secret("public")), Community(Secret("fleet")))
    async with played(PRINTER, community="fleet") as (client, [place]):
        session = session_with(client, place, *ring, timeout=0.3)
        assert whole(await read_device(session, profiles, at=AT))
        assert session.credential_index == 1
        before = session.traffic.requests, session.traffic.round_trips
        assert whole(await read_device(session, profiles, at=AT))
        after = session.traffic.requests, session.traffic.round_trips
    assert after[0] - before[0] == after[1] - before[1]  # nothing more was tried in vain


async def test_problem_29_a_printer_that_lets_nobody_in_says_so_and_shows_no_community(profiles: ProfileSet) -> None:
    async with played(PRINTER, community="fleet") as (client, [place]):
        device = await read_device(
            session_with(client, place, Community(Secret("s3cret")), timeout=0.05), profiles, at=AT
        )
    assert [problem.code for problem in device.reading.problems] == ["no-answer"]
    assert "s3cret" not in str(device)


async def test_problem_29_a_user_of_hps_is_looked_for_in_the_context_jetdirect(profiles: ProfileSet) -> None:
    user = make_user("monitor", auth="sha256", auth_secret="auth-password", context="Jetdirect")
    monitor = User("monitor", "sha256", Secret("auth-password"), context="")
    async with played(HP, community=None, users=[user]) as (client, [place]):
        device = await read_device(session_with(client, place, PUBLIC[0], monitor, timeout=0.3), profiles, at=AT)
    assert device.reading.via == ["snmp-3"]
    assert whole(device)
