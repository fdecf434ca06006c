"""How fast SNMP's octets are made and read: the codec, beside those of other packages.

python bench/bench_codec.py [--rounds N] [--seconds S] [--out FILE]
"""

import json
import random
import sys
import tempfile
import timeit
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from harness import Absent, Bench, Case, Contestant, TurnError, child, main, package_version, rival_python

import codec
from codec import (
    Decoder,
    Message,
    PduType,
    RequestTemplate,
    TrapV1,
    Varbind,
    decode_message,
    encode_response,
    parse_oid,
)
from codec.ber import encode_tlv
from codec.message import encode_message
from codec.pdu import encode_pdu

TURN: Final = Path(__file__).with_name("rivals") / "codec_turn.py"
RIVALS: Final = ("snmpkit", "snmp", "pysnmp", "pyasn1", "asn1crypto", "x690")
SLOW: Final = {"pysnmp": 2, "pyasn1": 2, "asn1crypto": 2}  # turns of those whose turn is long
REQUEST_ID: Final = 0x1234_5678
AGAIN: Final = "encode a GET of 10, again"
ANEW: Final = "encode a GET of 10, from its OIDs"
TEN: Final = "decode 10 varbinds"
SIXTY: Final = "decode 60 varbinds"
VENDOR: Final = "decode 60 varbinds with a vendor's OIDs"
POLLED: Final = "decode 60 varbinds, one device polled"
FLEET: Final = "decode 60 varbinds, a varied fleet"
NEWS: Final = "decode 60 varbinds, always others"
HOSTILE: Final = "60,000 octets: "
POLLS: Final = 16  # answers of one device
DEVICES: Final = 100  # answers of a fleet

Decode = Callable[[bytes], Message | TrapV1]


class Answers(NamedTuple):
    """Messages of 10 or 60 varbinds each, and the decoder that we read them with."""

    messages: list[Message]
    decoder: Callable[[], Decode]

    @property
    def units(self) -> int:
        return sum(len(message.varbinds) for message in self.messages)

    @property
    def datagrams(self) -> list[bytes]:
        return [octets(message) for message in self.messages]


def plain() -> Decode:
    return decode_message


def remembering() -> Decode:
    return Decoder().decode


def octets(message: Message) -> bytes:
    return encode_response(message.version, message.community, message.request_id, message.varbinds)


def answer(varbinds: list[Varbind]) -> Message:
    return Message(codec.V2C, b"public", PduType.RESPONSE, REQUEST_ID, 0, 0, varbinds)


def table(prefix: str, count: int) -> list[Varbind]:
    """Rows as a printer has them: small and large numbers, texts, counters; one type after the other."""
    values: list[tuple[int, codec.Value]] = [
        (codec.INTEGER, 3),
        (codec.INTEGER, 12_500),
        (codec.OCTET_STRING, b"Black Toner Cartridge"),
        (codec.COUNTER32, 3_000_000_123),
        (codec.GAUGE32, 1_482_337),
        (codec.INTEGER, -2),
    ]
    return [(parse_oid(f"{prefix}.{row % 9 + 1}.1.{row // 9 + 1}"), *values[row % len(values)]) for row in range(count)]


def polled() -> list[Message]:
    """Answers of one device: the numbers grow and stay as wide as they were."""
    messages = []
    for time in range(POLLS):
        varbinds = table("1.3.6.1.2.1.43.11.1.1", 60)
        for place, (name, tag, value) in enumerate(varbinds):
            if isinstance(value, int) and value > 0x80:  # none of them grows wider by this
                varbinds[place] = (name, tag, value + 7 * time)
        messages.append(answer(varbinds))
    return messages


def fleet() -> list[Message]:
    """Answers to one request from many printers, every third value of a width of its own."""
    chance = random.Random(7)
    messages = []
    for _ in range(DEVICES):
        varbinds = table("1.3.6.1.2.1.43.11.1.1", 60)
        for place in range(0, 60, 3):
            name, _, _ = varbinds[place]
            varbinds[place] = (name, codec.INTEGER, chance.randrange(1 << chance.choice((7, 15, 23))))
        messages.append(answer(varbinds))
    return messages


def news() -> list[Message]:
    """Answers that share no name, more than a memory holds."""
    return [answer(table(f"1.3.6.1.2.1.{number // 100}.{number % 100}.1", 60)) for number in range(200)]


ANSWERS: Final = {
    TEN: Answers([answer(table("1.3.6.1.2.1.43.11.1.1", 10))], plain),
    SIXTY: Answers([answer(table("1.3.6.1.2.1.43.11.1.1", 60))], plain),
    VENDOR: Answers([answer(table("1.3.6.1.4.1.2435.2.3.9.4.2.1", 60))], plain),
    POLLED: Answers(polled(), remembering),
    FLEET: Answers(fleet(), remembering),
    NEWS: Answers(news(), remembering),
}
NAMES: Final = [f"1.3.6.1.2.1.1.{number}.0" for number in range(1, 11)]
OIDS: Final = [parse_oid(name) for name in NAMES]


def hostile() -> dict[str, bytes]:
    """Messages of about 60,000 octets: an honest one first, then some that are made to be slow."""
    parts = {
        "honest": (OIDS[0] + b"\x01", codec.INTEGER, b"\x12\x67"),
        "padded names": (OIDS[0] + b"\x80\x01", codec.INTEGER, b"\x01"),
        "padded names and values": (b"\x2b\x80\x01\x02", codec.OBJECT_IDENTIFIER, b"\x2b\x80\x01\x02\x03"),
        "empty names and values": (b"", codec.OBJECT_IDENTIFIER, b""),
        "masked counters": (OIDS[0], codec.COUNTER64, b"\xff"),
        "too many varbinds": (b"\x2b", codec.NULL, b""),
        "one name of padding": (b"\x80\x01" * 29_900, codec.NULL, b""),
        "one name of numbers, the last too large": (b"\x01" * 59_900 + b"\x90\x80\x80\x80\x00", codec.NULL, b""),
        "one number of padding": (b"\x80" * 59_900 + b"\x01", codec.NULL, b""),
        "one name without an end": (b"\xff" * 59_900, codec.NULL, b""),
    }
    messages = {}
    for label, (name, tag, content) in parts.items():
        varbind = encode_tlv(0x30, encode_tlv(0x06, name) + encode_tlv(tag, content))
        varbinds = encode_tlv(0x30, varbind * (60_000 // len(varbind)))
        messages[label] = encode_message(codec.V2C, b"public", encode_pdu(PduType.RESPONSE, (1, 0, 0), varbinds))
    return messages


BENCH: Final = Bench(
    "codec",
    "Codec",
    "Microseconds a request, or a varbind of an answer; from octets to names and to values as Python's integers and "
    "bytes. *Again*: what can be kept from one request to the next is made before. *One device polled*: 16 answers "
    "that differ in values only. *A varied fleet*: 100 answers to one request, every third value of any width. "
    "These and *always others* we read with a `Decoder`, which remembers, the rest with `decode_message`. The messages "
    "of 60,000 octets are made to be slow, and may take three times as long as the honest one.",
    (
        *(Case(name, "µs") for name in (AGAIN, ANEW, *ANSWERS)),
        *(Case(HOSTILE + label, "µs", plotted=False) for label in hostile()),
    ),
    matrix=True,
)


def template() -> RequestTemplate:
    return RequestTemplate(codec.V2C, b"public", PduType.GET, OIDS)


def decode_all(decode: Decode, datagrams: Iterable[bytes]) -> list[Message | TrapV1]:
    return [decode(data) for data in datagrams]


def is_accepted(data: bytes) -> bool:
    """Whether the message was accepted."""
    try:
        decode_message(data)
    except codec.DecodeError:
        return False
    return True


def best(call: Callable[[], object], units: int = 1) -> float:
    """Microseconds a unit, the best of ten short loops of some 20 to 50 ms."""
    timer = timeit.Timer(call)
    loops = max(1, timer.autorange()[0] // 10)
    return min(timer.repeat(10, loops)) / loops / units * 1e6


def our_turn(_contestant: str) -> dict[str, float]:
    """Our figures, each checked before."""
    encode = template().encode
    if decode_message(encode(REQUEST_ID)).varbinds != [(name, codec.NULL, None) for name in OIDS]:
        raise TurnError("encode: the octets are wrong")
    figures = {AGAIN: best(partial(encode, REQUEST_ID)), ANEW: best(lambda: template().encode(REQUEST_ID))}
    for name, answers in ANSWERS.items():
        decode, datagrams = answers.decoder(), answers.datagrams
        for _ in range(64):  # as often as a Decoder has to see the shape of an answer
            if decode_all(decode, datagrams) != answers.messages:
                raise TurnError(f"{name}: the result is wrong")
        figures[name] = best(partial(decode_all, decode, datagrams), answers.units)
    for label, long in hostile().items():
        if is_accepted(long) != (label in ("honest", "one number of padding")):
            raise TurnError(f"{label}: the verdict is wrong")
        figures[HOSTILE + label] = best(partial(is_accepted, long))
    return figures


def work() -> dict[str, object]:
    """What a rival's turn is told to do and to find."""
    cases = []
    for name, answers in ANSWERS.items():
        if name != NEWS:  # for who remembers nothing it is as the others
            expected = []
            for message in answers.messages:
                varbinds = [
                    (codec.format_oid(oid), value.hex() if isinstance(value, bytes) else value)
                    for oid, _, value in message.varbinds
                ]
                expected.append((message.request_id, varbinds))
            datagrams = [data.hex() for data in answers.datagrams]
            cases.append({"name": name, "units": answers.units, "datagrams": datagrams, "expected": expected})
    request = template().encode(REQUEST_ID).hex()
    return {
        "again": AGAIN,
        "anew": ANEW,
        "names": NAMES,
        "request_id": REQUEST_ID,
        "request": request,
        "decode": cases,
    }


def contestants(work_file: Path) -> list[Contestant | Absent]:
    ours = child([sys.executable, __file__, "--turn", "ptscan"])
    found: list[Contestant | Absent] = [Contestant("ptscan", package_version("ptscan"), ours)]
    for package in RIVALS:
        python = rival_python(package)
        if isinstance(python, Absent):
            found.append(python)
        else:
            turn = child([str(python), str(TURN), package, str(work_file)])
            found.append(Contestant(package, package_version(package, python), turn, rounds=SLOW.get(package)))
    return found


def run() -> int:
    with tempfile.TemporaryDirectory() as folder:
        work_file = Path(folder) / "work.json"
        work_file.write_text(json.dumps(work()), encoding="utf-8")
        return main(BENCH, partial(contestants, work_file), turn=our_turn, seconds=90)


if __name__ == "__main__":
    sys.exit(run())
