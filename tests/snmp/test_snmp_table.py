"""The request table, on a clock that the tests write: matching, tries, turns, and nothing left behind."""

import heapq
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import (
    INTEGER,
    REQUEST_ID_MAX,
    REQUEST_ID_MIN,
    V1,
    V2C,
    ErrorStatus,
    Message,
    PduType,
    RequestTemplate,
    decode_message,
    encode_response,
    parse_oid,
)
from ptscan.snmp import Outcome, Traffic, limits
from ptscan.snmp.dialect import Dialect
from ptscan.snmp.exchange import Exchange, Host, State, Variant
from ptscan.snmp.table import RequestTable

OID = parse_oid("1.3.6.1.2.1.1.3.0")
HERE = ("10.0.0.1", 161)
ELSEWHERE = ("10.0.0.2", 161)
QUOTED = 24
"""Octets of a request that an ICMP error may quote: enough for its request-id."""


def variant(version: int = V2C, community: bytes = b"public", credential: int = 0) -> Variant:
    return Variant(RequestTemplate(version, community, PduType.GET, [OID]), Dialect(version, community, credential))


def a_table(seed: int = 1, per_host: int = 1) -> RequestTable:
    return RequestTable(random.Random(seed), per_host=per_host)


def exchange_with(
    host: Host, *variants: Variant, retries: int = 2, timeout: float = 1.0, accept_other_source: bool = False
) -> Exchange:
    return Exchange(
        host,
        variants or (variant(),),
        Traffic(),
        timeout=timeout,
        retries=retries,
        accept_other_source=accept_other_source,
    )


def sent(table: RequestTable) -> list[Message]:
    """Everything that the table wants to send, sent."""
    return [message for _, message in packets(table)]


def packets(table: RequestTable) -> Iterator[tuple[Host, Message]]:
    while (packet := table.next_packet(0.0)) is not None:
        octets, host = packet
        message = decode_message(octets)
        assert isinstance(message, Message)
        table.packet_sent(len(octets))
        yield host, message


def reply(message: Message, value: int = 7, **changes: int) -> bytes:
    fields = {"version": message.version, "request_id": message.request_id, "error_status": 0} | changes
    return encode_response(
        fields["version"],
        message.community,
        fields["request_id"],
        [(OID, INTEGER, value)],
        error_status=fields["error_status"],
    )


def request(message: Message) -> bytes:
    """The octets of a request that was sent, as an ICMP error quotes them."""
    return RequestTemplate(message.version, message.community, message.pdu_type, [OID]).encode(message.request_id)


def start(table: RequestTable, now: float = 0.0, **options: object) -> tuple[Exchange, Message]:
    host = Host(HERE, HERE)
    exchange = exchange_with(host, **options)  # type: ignore[arg-type]
    table.start(exchange, now)
    (message,) = sent(table)
    return exchange, message


def run_out(table: RequestTable, until: float = 100.0) -> list[tuple[float, Message]]:
    """Let time pass without an answer; what was sent when."""
    log = []
    while (now := table.next_deadline()) <= until:
        table.handle_timeouts(now)
        log += [(now, message) for message in sent(table)]
    return log


class TestAnAnswer:
    def test_ends_its_exchange_and_leaves_nothing_behind(self) -> None:
        table = a_table()
        exchange, message = start(table, now=5.0)
        table.receive_datagram(reply(message), HERE, 5.02)
        assert exchange.state is State.DONE
        assert exchange.outcome is Outcome.OK
        assert exchange.message is not None
        assert exchange.message.varbinds == [(OID, INTEGER, 7)]
        assert exchange.rtt == pytest.approx(0.02)
        assert (exchange.traffic.requests, exchange.traffic.sent_octets, exchange.traffic.round_trips) == (1, 43, 1)
        assert table.take_finished() == [exchange]
        assert (len(table), table.next_deadline()) == (0, float("inf"))

    def test_to_an_earlier_try_counts_because_every_try_has_the_same_request_id(self) -> None:
        table = a_table()
        exchange, message = start(table)
        table.handle_timeouts(table.next_deadline())
        (again,) = sent(table)
        assert again.request_id == message.request_id
        table.receive_datagram(reply(message), HERE, 1.5)
        assert exchange.outcome is Outcome.OK
        assert exchange.host.rto == 0.0, "an answer that may be to either try measures nothing (Karn)"

    def test_counts_once_however_often_it_comes(self) -> None:
        table = a_table()
        exchange, message = start(table)
        for _ in range(1_000):
            table.receive_datagram(reply(message), HERE, 0.1)
        assert table.take_finished() == [exchange]
        assert table.strays == 999

    @pytest.mark.parametrize("request_id", [0, 1, -1, REQUEST_ID_MIN, REQUEST_ID_MAX])
    def test_with_another_request_id_is_a_stray(self, request_id: int) -> None:
        table = a_table()
        exchange, message = start(table)
        assert message.request_id != request_id
        table.receive_datagram(reply(message, request_id=request_id), HERE, 0.1)
        assert exchange.state is State.IN_FLIGHT
        assert (table.strays, exchange.strays) == (1, 1)

    @pytest.mark.parametrize("source", [ELSEWHERE, ("10.0.0.1", 1161)])
    def test_from_elsewhere_is_a_stray_and_remembered(self, source: tuple[str, int]) -> None:
        table = a_table()
        exchange, message = start(table)
        table.receive_datagram(reply(message), source, 0.1)
        assert exchange.state is State.IN_FLIGHT
        assert exchange.elsewhere == source

    def test_of_who_guesses_ids_is_taken_for_nobody_else_from_any_port(self) -> None:
        table = a_table()
        exchange, message = start(table, accept_other_source=True)
        for port in range(limits.STRAYS_BELIEVED):
            table.receive_datagram(reply(message, request_id=message.request_id ^ 1), (ELSEWHERE[0], port), 0.1)
        table.receive_datagram(reply(message), ELSEWHERE, 0.2)
        assert exchange.state is State.IN_FLIGHT
        table.receive_datagram(reply(message), HERE, 0.3)
        assert exchange.outcome is Outcome.OK

    def test_is_taken_from_elsewhere_in_spite_of_a_few_strays(self) -> None:
        table = a_table()
        exchange, message = start(table, accept_other_source=True)
        for _ in range(limits.STRAYS_BELIEVED - 1):
            table.receive_datagram(reply(message, request_id=message.request_id ^ 1), ELSEWHERE, 0.1)
        table.receive_datagram(reply(message), ELSEWHERE, 0.2)
        assert exchange.outcome is Outcome.OK

    def test_of_ever_new_strangers_is_not_remembered_for_ever(self) -> None:
        table = a_table()
        _, message = start(table)
        for number in range(limits.STRAY_SOURCES + 9):
            table.receive_datagram(reply(message, request_id=message.request_id ^ 1), (f"10.9.9.{number}", 161), 0.1)
        assert len(table._strays_from) == limits.STRAY_SOURCES

    @pytest.mark.parametrize("source", [ELSEWHERE, ("10.0.0.1", 1161)])
    def test_from_elsewhere_is_taken_when_asked_for(self, source: tuple[str, int]) -> None:
        table = a_table()
        exchange, message = start(table, accept_other_source=True)
        message.community = b"another"
        table.receive_datagram(reply(message), source, 0.1)
        assert exchange.state is State.IN_FLIGHT, "request-id alone is not enough from elsewhere"
        message.community = b"public"
        table.receive_datagram(reply(message), source, 0.1)
        assert exchange.outcome is Outcome.OK

    def test_never_ends_the_exchange_of_another_host(self) -> None:
        table = a_table()
        _, mine = start(table)
        other = exchange_with(Host(ELSEWHERE, ELSEWHERE))
        table.start(other, 0.0)
        sent(table)
        table.receive_datagram(reply(mine), ELSEWHERE, 0.1)
        assert other.state is State.IN_FLIGHT

    def test_that_is_an_echo_of_the_request_is_none(self) -> None:
        table = a_table()
        host = Host(HERE, HERE)
        exchange = exchange_with(host)
        table.start(exchange, 0.0)
        packet = table.next_packet(0.0)
        assert packet is not None
        table.packet_sent(1)
        table.receive_datagram(packet[0], HERE, 0.1)
        assert exchange.state is State.IN_FLIGHT

    def test_carries_the_peers_error_status_as_a_value(self) -> None:
        table = a_table()
        exchange, message = start(table)
        table.receive_datagram(reply(message, error_status=99), HERE, 0.1)
        assert exchange.outcome is Outcome.OK
        assert exchange.message is not None
        assert exchange.message.error_status == 99


class TestSilence:
    def test_ends_after_one_try_and_the_retries_at_the_named_time(self) -> None:
        table = a_table()
        exchange, first = start(table, retries=2)
        log = run_out(table)
        assert [message.request_id for _, message in log] == [first.request_id] * 2
        assert log[0][0] == pytest.approx(1.0, rel=limits.JITTER)
        assert log[1][0] - log[0][0] == pytest.approx(2.0, rel=limits.JITTER)
        assert exchange.outcome is Outcome.SILENT
        assert exchange.sent_datagrams == 3
        assert len(table) == 0

    def test_is_noticed_at_one_instant_whatever_the_estimate_and_the_jitter(self) -> None:
        for seed in range(20):
            table = a_table(seed)
            exchange = exchange_with(Host(HERE, HERE), retries=2)
            exchange.host.measured(0.001)
            table.start(exchange, 0.0)
            sent(table)
            table.handle_timeouts(4.999)
            run_out(table, until=4.999)
            assert exchange.state is State.IN_FLIGHT
            table.handle_timeouts(5.0)
            assert exchange.outcome is Outcome.SILENT

    def test_jitter_differs_from_host_to_host(self) -> None:
        table = a_table()
        firsts = set()
        for number in range(10):
            address = (f"10.0.1.{number}", 161)
            table.start(exchange_with(Host(address, address)), 0.0)
        while table.next_deadline() < 2:
            now = table.next_deadline()
            firsts.add(now)
            table.handle_timeouts(now)
        assert len(firsts) == 10

    def test_without_retries_is_one_datagram(self) -> None:
        table = a_table()
        exchange, _ = start(table, retries=0, timeout=0.5)
        assert run_out(table) == []
        assert exchange.outcome is Outcome.SILENT

    def test_of_a_host_that_has_answered_is_retried_by_its_round_trip_time(self) -> None:
        table = a_table()
        host = Host(HERE, HERE)
        host.measured(0.01)
        assert host.rto == limits.MIN_RTO_SECONDS
        table.start(exchange_with(host), 0.0)
        sent(table)
        assert table.next_deadline() == pytest.approx(limits.MIN_RTO_SECONDS, rel=limits.JITTER)

    def test_estimate_never_passes_the_callers_time_out(self) -> None:
        table = a_table()
        host = Host(HERE, HERE)
        host.measured(30.0)
        table.start(exchange_with(host, timeout=1.0), 0.0)
        sent(table)
        assert table.next_deadline() <= 1.0 * (1 + limits.JITTER)


def test_the_estimate_follows_rfc_6298() -> None:
    host = Host(HERE, HERE)
    host.measured(0.8)
    assert (host.srtt, host.rttvar, host.rto) == (0.8, 0.4, pytest.approx(2.4))
    host.measured(0.4)
    assert host.rttvar == pytest.approx(0.75 * 0.4 + 0.25 * 0.4)
    assert host.srtt == pytest.approx(0.875 * 0.8 + 0.125 * 0.4)


class TestMalformedAnswers:
    def test_hasten_the_next_try_and_a_good_one_still_wins(self) -> None:
        table = a_table()
        exchange, message = start(table)
        table.receive_datagram(reply(message)[:-1], HERE, 0.01)
        assert exchange.state is State.IN_FLIGHT
        assert table.next_deadline() == pytest.approx(0.01 + limits.MALFORMED_GRACE_SECONDS)
        table.receive_datagram(reply(message), HERE, 0.02)
        assert exchange.outcome is Outcome.OK

    @pytest.mark.parametrize("octets", [b"", b"\x30", b"GET / HTTP/1.0\r\n\r\n", bytes(60_000)])
    def test_of_the_host_itself_end_as_malformed_in_bounded_time(self, octets: bytes) -> None:
        table = a_table()
        exchange, _ = start(table)
        now = 0.0
        for _ in range(limits.MALFORMED_PER_EXCHANGE):
            assert exchange.state is State.IN_FLIGHT
            table.receive_datagram(octets, HERE, now)
        assert exchange.outcome is Outcome.MALFORMED
        assert len(table) == 0

    def test_answered_to_every_try_end_as_malformed(self) -> None:
        table = a_table()
        exchange, message = start(table, retries=1)
        table.receive_datagram(reply(message)[:-1], HERE, 0.01)
        run_out(table)
        assert exchange.outcome is Outcome.MALFORMED
        assert exchange.reason

    def test_of_strangers_touch_no_exchange(self) -> None:
        table = a_table()
        exchange, message = start(table, accept_other_source=True)
        due = table.next_deadline()
        for _ in range(100):
            table.receive_datagram(b"\x30\x03\x02\x01", ELSEWHERE, 0.01)
            table.receive_datagram(reply(message)[:-1], ELSEWHERE, 0.01)
        assert exchange.state is State.IN_FLIGHT
        assert exchange.malformed == 0
        assert table.next_deadline() == due


class TestVariants:
    BOTH = (variant(V2C), variant(V1))

    def started(self, *variants: Variant, retries: int = 1) -> tuple[RequestTable, Exchange, Message]:
        table = a_table()
        exchange = exchange_with(Host(HERE, HERE), *variants, retries=retries)
        table.start(exchange, 0.0)
        (message,) = sent(table)
        return table, exchange, message

    def test_go_out_side_by_side_in_their_order_and_share_one_patience(self) -> None:
        four = tuple(variant(version, name) for version in (V2C, V1) for name in (b"a", b"b"))
        table, exchange, first = self.started(*four, retries=1)
        log = [(0.0, first), *run_out(table)]
        assert [(message.version, message.community) for _, message in log] == [
            (V2C, b"a"),
            (V2C, b"b"),
            (V1, b"a"),
            (V1, b"b"),
        ] * 2
        assert log[4][0] == pytest.approx(1.0, rel=limits.JITTER)
        assert exchange.outcome is Outcome.SILENT
        table.handle_timeouts(3.0)
        assert len(table) == 0

    def test_fast_device_is_sent_one_datagram(self) -> None:
        table, exchange, first = self.started(*self.BOTH)
        table.receive_datagram(reply(first), HERE, 0.01)
        assert exchange.outcome is Outcome.OK
        assert (exchange.variant, exchange.sent_datagrams) == (0, 1)
        assert run_out(table) == []

    def test_first_good_answer_wins_and_the_others_are_strays(self) -> None:
        table, exchange, first = self.started(*self.BOTH)
        table.handle_timeouts(table.next_deadline())
        (second,) = sent(table)
        table.receive_datagram(reply(second), HERE, 0.3)
        assert (exchange.outcome, exchange.variant) == (Outcome.OK, 1)
        table.receive_datagram(reply(first), HERE, 0.3)
        assert table.strays == 1

    def test_a_refusal_leaves_the_race_to_the_others(self) -> None:
        table, exchange, first = self.started(variant(V2C, b"a"), variant(V2C, b"b"))
        table.receive_datagram(reply(first, error_status=ErrorStatus.AUTHORIZATION_ERROR), HERE, 0.01)
        assert exchange.state is State.IN_FLIGHT
        table.handle_timeouts(0.01)
        (second,) = sent(table)
        assert second.community == b"b", "a refused community is not waited for"
        table.receive_datagram(reply(second), HERE, 0.02)
        assert (exchange.outcome, exchange.variant) == (Outcome.OK, 1)

    def test_refused_by_all_or_refused_and_silent_is_refused(self) -> None:
        for answered in (1, 2):
            table, exchange, first = self.started(variant(V2C, b"a"), variant(V2C, b"b"))
            table.receive_datagram(reply(first, error_status=ErrorStatus.NO_ACCESS), HERE, 0.01)
            table.handle_timeouts(0.01)
            (second,) = sent(table)
            if answered == 2:
                table.receive_datagram(reply(second, error_status=ErrorStatus.NO_ACCESS), HERE, 0.02)
            else:
                assert {message.community for _, message in run_out(table)} == {b"b"}
            assert exchange.outcome is Outcome.REFUSED
            assert len(table) == 0


class TestTurns:
    def test_one_at_a_time_to_one_host_others_unhindered(self) -> None:
        table = a_table()
        host, other = Host(HERE, HERE), Host(ELSEWHERE, ELSEWHERE)
        mine = [exchange_with(host) for _ in range(3)]
        for exchange in (*mine, exchange_with(other)):
            table.start(exchange, 0.0)
        assert [to.source for to, _ in packets(table)] == [HERE, ELSEWHERE]
        assert [exchange.state for exchange in mine] == [State.IN_FLIGHT, State.WAITING, State.WAITING]

    def test_the_next_begins_when_one_ends_and_has_its_whole_patience(self) -> None:
        table = a_table()
        host = Host(HERE, HERE)
        first, second = exchange_with(host, retries=0), exchange_with(host, retries=0)
        table.start(first, 0.0)
        table.start(second, 0.0)
        assert len(sent(table)) == 1
        table.handle_timeouts(1.0)
        assert len(sent(table)) == 1
        table.handle_timeouts(1.999)
        assert (first.outcome, second.state) == (Outcome.SILENT, State.IN_FLIGHT)
        table.handle_timeouts(2.0)
        assert second.outcome is Outcome.SILENT

    def test_as_many_as_were_allowed(self) -> None:
        table = a_table(per_host=2)
        host = Host(HERE, HERE)
        for _ in range(3):
            table.start(exchange_with(host), 0.0)
        assert len(sent(table)) == 2

    def test_those_who_ask_one_address_take_turns_though_they_do_not_know_of_each_other(self) -> None:
        table = a_table()
        first, second = exchange_with(Host(HERE, HERE)), exchange_with(Host(HERE, HERE))
        table.start(first, 0.0)
        table.start(second, 0.0)
        (message,) = sent(table)
        assert second.state is State.WAITING
        table.receive_datagram(reply(message), HERE, 0.1)
        assert second.state is State.IN_FLIGHT
        table.cancel(second, 0.2)
        assert not table._busy


class TestMisfortuneBelow:
    def test_unreachable_ends_the_exchange_that_it_quotes_at_once_and_no_other(self) -> None:
        table = a_table()
        exchange, message = start(table)
        other = exchange_with(Host(ELSEWHERE, ELSEWHERE))
        table.start(other, 0.0)
        for octets in (request(message), request(message)[:QUOTED]):
            table.receive_unreachable(ELSEWHERE, octets, 0.01)
            assert exchange.state is State.IN_FLIGHT, "it has to come for the host that was asked"
        table.receive_unreachable(HERE, request(message)[:QUOTED], 0.01)
        assert exchange.outcome is Outcome.UNREACHABLE
        assert other.state is State.IN_FLIGHT
        assert len(sent(table)) == 1, "nothing more goes to the host that is not there"

    @pytest.mark.parametrize("community", [b"", b"public", b"c" * limits.COMMUNITY_OCTETS])
    def test_unreachable_is_believed_however_little_it_quotes_behind_the_request_id(self, community: bytes) -> None:
        table = a_table()
        exchange, message = start(table)
        exchange.variants = (variant(community=community),)
        octets = exchange.variants[0].template.encode(message.request_id)
        end = exchange.variants[0].template.id_offset + 4
        table.receive_unreachable(HERE, octets[: end - 1], 0.01)
        assert exchange.state is State.IN_FLIGHT
        table.receive_unreachable(HERE, octets[:end], 0.01)
        assert exchange.outcome is Outcome.UNREACHABLE

    @pytest.mark.parametrize("shift", [None, 1, -1, 1 << 20])
    def test_unreachable_that_quotes_nothing_or_another_request_ends_nothing(self, shift: int | None) -> None:
        """Who forges one knows whom we ask, perhaps from which port, and not the request-id."""
        table = a_table()
        exchange, message = start(table)
        if shift is not None:
            message.request_id ^= shift if shift > 0 else 0x3FFF_FFFF
        for quoted in [b""] if shift is None else [request(message), request(message)[:QUOTED]]:
            table.receive_unreachable(HERE, quoted, 0.01)
        assert exchange.state is State.IN_FLIGHT
        assert run_out(table)
        assert exchange.outcome is Outcome.SILENT

    def test_a_way_that_is_closed_for_a_moment_costs_a_device_that_has_answered_one_try(self) -> None:
        table = a_table()
        host = Host(HERE, HERE)
        host.measured(0.01)
        exchange = exchange_with(host)
        table.start(exchange, 0.0)
        assert table.next_packet(0.0) is not None
        table.packet_failed(Outcome.UNREACHABLE, "network is down", 0.0, passing=True)
        assert exchange.state is State.IN_FLIGHT
        assert table.next_packet(0.0) is None, "it is tried again at its time and not at once"
        table.handle_timeouts(table.next_deadline())
        (message,) = sent(table)
        table.receive_datagram(reply(message), HERE, 1.0)
        assert exchange.outcome is Outcome.OK
        assert exchange.sent_datagrams == 1

    def test_a_way_that_stays_closed_ends_as_unreachable_with_the_reason(self) -> None:
        table = a_table()
        host = Host(HERE, HERE)
        host.measured(0.01)
        exchange = exchange_with(host, retries=2)
        table.start(exchange, 0.0)
        tries = 0
        while exchange.state is State.IN_FLIGHT:
            if table.next_packet(0.0) is not None:
                table.packet_failed(Outcome.UNREACHABLE, "network is down", 0.0, passing=True)
                tries += 1
            ended_at = table.next_deadline()
            table.handle_timeouts(ended_at)
        assert (tries, ended_at) == (3, 5.0)
        assert (exchange.outcome, exchange.reason) == (Outcome.UNREACHABLE, "network is down")

    def test_silence_after_the_way_was_open_again_is_silence(self) -> None:
        table = a_table()
        host = Host(HERE, HERE)
        host.measured(0.01)
        exchange = exchange_with(host, retries=1)
        table.start(exchange, 0.0)
        assert table.next_packet(0.0) is not None
        table.packet_failed(Outcome.UNREACHABLE, "network is down", 0.0, passing=True)
        run_out(table)
        assert exchange.outcome is Outcome.SILENT

    def test_no_way_to_a_device_that_never_answered_ends_at_once(self) -> None:
        table = a_table()
        exchange = exchange_with(Host(HERE, HERE))
        table.start(exchange, 0.0)
        assert table.next_packet(0.0) is not None
        table.packet_failed(Outcome.UNREACHABLE, "no route", 0.0, passing=True)
        assert exchange.outcome is Outcome.UNREACHABLE

    def test_a_datagram_that_cannot_be_sent_ends_its_exchange_with_the_reason(self) -> None:
        table = a_table()
        exchange = exchange_with(Host(HERE, HERE))
        table.start(exchange, 0.0)
        assert table.next_packet(0.0) == table.next_packet(0.0), "it stays the next one until it is out"
        table.packet_failed(Outcome.NOT_SENT, "not permitted", 0.0)
        assert (exchange.outcome, exchange.reason, exchange.sent_datagrams) == (Outcome.NOT_SENT, "not permitted", 0)
        assert table.next_packet(0.0) is None
        assert len(table) == 0


class TestCancelling:
    def test_leaves_nothing_in_any_state(self) -> None:
        table = a_table()
        host = Host(HERE, HERE)
        unsent, waiting, next_one = exchange_with(host), exchange_with(host), exchange_with(host)
        for exchange in (unsent, waiting, next_one):
            table.start(exchange, 0.0)
        table.cancel(waiting, 0.0)
        table.cancel(unsent, 0.0)
        assert len(sent(table)) == 1
        assert next_one.state is State.IN_FLIGHT
        table.cancel(next_one, 0.0)
        for exchange in (unsent, waiting, next_one):
            assert exchange.state is State.CANCELLED
            table.cancel(exchange, 0.0)
        assert (len(table), table.next_deadline(), table.take_finished()) == (0, float("inf"), [])
        assert not host.in_flight
        assert not host.waiting

    def test_after_the_end_is_too_late_and_harmless(self) -> None:
        table = a_table()
        exchange, message = start(table)
        table.receive_datagram(reply(message), HERE, 0.1)
        table.cancel(exchange, 0.1)
        assert exchange.state is State.DONE


class TestRequestIds:
    def test_lie_in_the_allowed_range_and_never_twice_in_flight(self) -> None:
        table = a_table(per_host=100_000)
        host = Host(HERE, HERE)
        for _ in range(2_000):
            table.start(exchange_with(host), 0.0)
        ids = [message.request_id for message in sent(table)]
        assert len(set(ids)) == 2_000
        assert all(REQUEST_ID_MIN <= request_id <= REQUEST_ID_MAX for request_id in ids)

    def test_come_from_the_randomness_that_was_given(self) -> None:
        def first(seed: int) -> int:
            return start(a_table(seed))[1].request_id

        assert first(1) == first(1) != first(2)


def test_memory_of_timers_does_not_grow_with_answered_requests() -> None:
    table = a_table()
    for number in range(5_000):
        exchange, message = start(table, now=number / 1_000)
        table.receive_datagram(reply(message), HERE, number / 1_000)
        assert table.take_finished() == [exchange]
    assert len(table._timers) <= 100


@given(st.data())
def test_any_event_in_any_state_keeps_the_books(data: st.DataObject) -> None:
    """Random verbs in random order: no exception, and what is in flight is exactly what was begun and not ended."""
    table = a_table(per_host=data.draw(st.integers(1, 2)))
    sources = [HERE, ELSEWHERE]
    exchanges: list[Exchange] = []
    seen: list[tuple[tuple[str, int], Message]] = []
    now = 0.0
    for _ in range(data.draw(st.integers(1, 40))):
        now += data.draw(st.sampled_from([0.0, 0.1, 1.0]))
        verb = data.draw(st.sampled_from(["start", "send", "answer", "garbage", "time", "cancel", "icmp", "fail"]))
        source = data.draw(st.sampled_from(sources))
        if verb == "start":
            count = data.draw(st.integers(1, 3))
            host = Host(source, source)
            exchange = exchange_with(host, *[variant(V2C, b"%d" % each) for each in range(count)], retries=1)
            exchanges.append(exchange)
            table.start(exchange, now)
        elif verb == "send":
            seen += [(host.source, message) for host, message in packets(table)]
        elif verb == "answer" and seen:
            answered, message = data.draw(st.sampled_from(seen))
            status = data.draw(st.sampled_from([0, 5, 16]))
            octets = reply(message, error_status=status)
            table.receive_datagram(octets[: data.draw(st.sampled_from([None, -1, 30]))], answered, now)
        elif verb == "garbage":
            table.receive_datagram(data.draw(st.binary(max_size=20)), source, now)
        elif verb == "time":
            table.handle_timeouts(now)
        elif verb == "cancel" and exchanges:
            table.cancel(data.draw(st.sampled_from(exchanges)), now)
        elif verb == "icmp":
            quoted = request(data.draw(st.sampled_from(seen))[1]) if seen else b""
            table.receive_unreachable(source, quoted[: data.draw(st.sampled_from([None, 8, 30]))], now)
        elif verb == "fail" and table.next_packet(0.0) is not None:
            table.packet_failed(Outcome.NOT_SENT, "no", now, passing=data.draw(st.booleans()))
        in_flight = [exchange for exchange in exchanges if exchange.state is State.IN_FLIGHT]
        assert len(table) == sum(len(exchange.variants) for exchange in in_flight)
        assert (table.next_deadline() < float("inf")) == bool(in_flight)
    for exchange in exchanges:
        table.cancel(exchange, now)
    assert len(table) == 0
    assert table.next_packet(0.0) is None


@pytest.mark.parametrize("seed", range(8))
def test_two_peers_over_a_network_that_loses_doubles_and_reorders(
    seed: int,
) -> None:
    """Every exchange ends; each OK carries the answer to its own question; nobody is asked more than the tries."""
    network = random.Random(seed)
    table = a_table(seed)
    hosts = [Host((f"10.0.2.{number}", 161), (f"10.0.2.{number}", 161)) for number in range(40)]
    exchanges = [exchange_with(host, retries=3) for host in hosts for _ in range(3)]
    wire: list[tuple[float, int, tuple[str, int], bytes]] = []
    asked: dict[tuple[tuple[str, int], int], int] = {}
    now = 0.0
    for exchange in exchanges:
        table.start(exchange, now)
    for _ in range(100_000):
        for host, message in packets(table):
            key = (host.source, message.request_id)
            asked[key] = asked.get(key, 0) + 1
            for _ in range(network.choice([0, 1, 1, 1, 2])):
                arrival = now + network.expovariate(4)
                number = int(host.source[0].rpartition(".")[2])
                heapq.heappush(wire, (arrival, network.getrandbits(30), host.source, reply(message, number)))
        now = min(table.next_deadline(), wire[0][0] if wire else float("inf"))
        if now == float("inf"):
            break
        while wire and wire[0][0] <= now:
            _, _, source, octets = heapq.heappop(wire)
            table.receive_datagram(octets, source, now)
        table.handle_timeouts(now)
    assert sorted(map(id, table.take_finished())) == sorted(map(id, exchanges))
    assert len(table) == 0
    assert max(asked.values()) <= 4
    answered = [exchange for exchange in exchanges if exchange.outcome is Outcome.OK]
    assert len(answered) > 0.9 * len(exchanges)
    for exchange in answered:
        assert exchange.message is not None
        assert exchange.message.varbinds[0][2] == int(exchange.host.source[0].rpartition(".")[2])
    assert {exchange.outcome for exchange in exchanges} <= {Outcome.OK, Outcome.SILENT}
