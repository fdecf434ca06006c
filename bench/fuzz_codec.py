"""Mutated datagrams at the decoder, for a bounded time.

Every datagram is decoded plainly, by a decoder that remembers all of them, and by one that remembers the latest few
hundred; all three have to agree. A fifth is of SNMPv3: see ``fuzz_secure``. It fails on anything that comes out
but a message or a DecodeError, on a datagram that takes over 10 ms of CPU three times in a row, and where memory grows
by over 256 KiB once it is warm. What failed is printed as hex, to become a test.

    python bench/fuzz_codec.py [--seconds N] [--seed N]
"""

import argparse
import base64
import gc
import json
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from fuzz_secure import Users
from mutations import INTERESTING, BrokenPromiseError, mutate

import codec
from codec import (
    DecodeError,
    Decoder,
    Message,
    PduType,
    RequestTemplate,
    TrapV1,
    decode_message,
    encode_response,
    peek_request_id,
)
from codec.ber import encode_tlv
from codec.varbinds import encode_varbind

CPU_LIMIT = 0.010  # seconds
MEMORY_LIMIT = 256 * 1024  # octets
BATCH = 2_000
SECURE = 5  # one in so many datagrams is of SNMPv3
YOUTH = 500  # datagrams after which the forgetful decoder forgets
VECTORS = Path(__file__).resolve().parents[2] / "shared" / "vectors" / "gosnmp" / "packets.json"

Verdict: TypeAlias = Message | TrapV1 | tuple[int, str]


def seed_varbinds() -> list[codec.Varbind]:
    """A varbind of every kind."""
    name = codec.parse_oid("1.3.6.1.4.1.2435.2.3.9")
    values: list[tuple[int, codec.Value]] = [
        *((tag, number) for tag in (codec.INTEGER, codec.COUNTER32, codec.COUNTER64) for number in (0, 200, 70_000)),
        (codec.INTEGER, -300),
        (codec.COUNTER64, 2**64 - 1),
        (codec.OCTET_STRING, b"Black Toner Cartridge"),
        (codec.OPAQUE, bytes.fromhex("9f780441200000")),
        (codec.IP_ADDRESS, bytes(4)),
        (codec.OBJECT_IDENTIFIER, name),
        (codec.END_OF_MIB_VIEW, None),
    ]
    return [(name + bytes((number,)), *value) for number, value in enumerate(values)]


def seed_messages() -> list[bytes]:
    """Valid messages of every kind, and the packets of ../shared where they are."""
    varbinds = seed_varbinds()
    found = [encode_response(codec.V2C, b"public", 1, varbinds[start : start + 6]) for start in range(0, 16, 3)]
    found.append(encode_response(codec.V1, b"public", -1, varbinds, error_status=2, error_index=1))
    found.append(encode_response(codec.V2C, b"c" * 130, 1, varbinds * 25))
    for kind in (PduType.GET, PduType.GET_NEXT, PduType.GET_BULK):
        names = [name for name, _, _ in varbinds]
        found.append(RequestTemplate(codec.V2C, b"public", kind, names).encode(codec.REQUEST_ID_MIN))
    found.append(
        bytes.fromhex("302702010004067075626c6963a41a06072b0601040193034004000000000201060201114301053000") + b""
    )
    if VECTORS.is_file():
        items = json.loads(VECTORS.read_text(encoding="utf-8"))["items"]
        found += [bytes.fromhex(item["hex"]) if "hex" in item else base64.b64decode(item["raw"]) for item in items]
    return found


def seed_lists() -> list[bytes]:
    """The contents of valid varbind lists."""
    varbinds = seed_varbinds()
    lists = (varbinds[:1], varbinds[3:6], varbinds[6:12], varbinds, varbinds * 20)
    return [b"".join(encode_varbind(*varbind) for varbind in chosen) for chosen in lists]


def wrapped(varbinds: bytes) -> bytes:
    """A message whose lengths are right, around any octets in the place of varbinds."""
    pdu = encode_tlv(PduType.RESPONSE, bytes.fromhex("020101020100020100") + encode_tlv(0x30, varbinds))
    return encode_tlv(0x30, bytes.fromhex("0201010406") + b"public" + pdu)


def revalue(data: bytes, chance: random.Random) -> bytes:
    """The same but for an octet or a few of its values, so that the heads of its varbinds stay known."""
    octets = bytearray(data)
    for name, _, value in seed_varbinds():
        at = data.find(name, chance.randrange(len(data))) + len(name) + 2
        if value is not None and len(name) + 1 < at < len(data) and chance.random() < 0.3:
            octets[at] = chance.choice(INTERESTING)
    return bytes(octets)


class Mutants:
    """An endless stream: mutated anywhere, within a frame that is right, in their values, or not at all."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._messages = seed_messages()
        self._lists = seed_lists()

    def next(self) -> bytes:
        chance = self._chance
        draw = chance.random()
        if draw < 0.4:
            return mutate(chance.choice(self._messages), chance)
        varbinds = chance.choice(self._lists)
        if draw < 0.7:
            return wrapped(mutate(varbinds, chance))
        return wrapped(revalue(varbinds, chance)) if draw < 0.9 else wrapped(varbinds)


class Decoders:
    """The plain decoder, one that remembers all that it was given, and one that remembers the latest."""

    def __init__(self) -> None:
        self._old = Decoder()
        self._young = Decoder()
        self._count = 0

    def verdict(self, data: bytes) -> Verdict:
        """What the plain one says; raises BrokenPromiseError where another one differs."""
        self._count += 1
        if self._count % YOUTH == 0:
            self._young = Decoder()
        plain = verdict(decode_message, data)
        for decoder in (self._old, self._young):
            for _ in range(2):  # as it learns, and as it has learned
                if verdict(decoder.decode, data) != plain:
                    raise BrokenPromiseError("with a memory the result is another one", data)
            if decoder.peek_request_id(data) != peek_request_id(data):
                raise BrokenPromiseError("with a memory the request-id is another one", data)
        return plain


def verdict(decode: Callable[[bytes], Message | TrapV1], data: bytes) -> Verdict:
    try:
        return decode(data)
    except DecodeError as error:
        if not 0 <= error.offset <= len(data) or not error.reason:
            raise BrokenPromiseError(f"a DecodeError at octet {error.offset} of {len(data)}", data) from error
        return error.offset, error.reason
    except BaseException as error:
        raise BrokenPromiseError(f"{type(error).__name__} came out: {error}", data) from error


def seconds_of(data: bytes) -> float:
    """The CPU time of one plain decoding."""
    started = time.process_time()
    verdict(decode_message, data)
    return time.process_time() - started


def fuzz(mutants: Mutants, decoders: Decoders, users: Users, count: int) -> int:
    """Decode so many datagrams; how many of them were messages."""
    accepted = 0
    for number in range(count):
        if number % SECURE == 0:
            data = users.next()
            if all(users.seconds_of(data) > CPU_LIMIT for _ in range(3)):
                raise BrokenPromiseError("over 10 ms of CPU, three times in a row", data)
            accepted += users.accept(data)
            continue
        data = mutants.next()
        if all(seconds_of(data) > CPU_LIMIT for _ in range(3)):
            raise BrokenPromiseError("over 10 ms of CPU, three times in a row", data)
        accepted += not isinstance(decoders.verdict(data), tuple)
    return accepted


def memory_growth(mutants: Mutants, users: Users, deadline: float) -> tuple[int, int]:
    """Decode until the deadline: how many datagrams, and by how many octets memory has grown meanwhile."""
    tracemalloc.start()
    before = count = 0
    while not count or time.monotonic() < deadline:
        for number in range(BATCH):
            if number % SECURE == 0:
                users.accept(users.next())
            else:
                verdict(decode_message, mutants.next())
        if not count:  # the first batch warms up
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
        count += BATCH
    gc.collect()
    growth = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    if growth > MEMORY_LIMIT:
        raise BrokenPromiseError(f"memory grew by {growth:,} octets", b"")
    return count, growth


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, metavar="N", help="how long (default 60)")
    parser.add_argument("--seed", type=int, metavar="N", help="the same seed, the same datagrams (default: any)")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    mutants, decoders, users = Mutants(random.Random(seed)), Decoders(), Users(random.Random(seed))
    started = time.monotonic()
    datagrams = accepted = 0
    print(f"seed {seed}", flush=True)
    try:
        while time.monotonic() - started < options.seconds * 0.8:
            accepted += fuzz(mutants, decoders, users, BATCH)
            datagrams += BATCH
        traced, growth = memory_growth(mutants, users, started + options.seconds)
    except BrokenPromiseError as failure:
        reason, data = failure.args
        print(f"FAILED after {datagrams:,} datagrams: {reason}\n{data.hex()}", file=sys.stderr)
        return 1
    print(
        f"{datagrams + traced:,} datagrams in {time.monotonic() - started:.0f} s, {accepted / datagrams:.0%} messages: "
        f"nothing but DecodeError came out, none took over 10 ms, memory grew by {growth:,} octets"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
