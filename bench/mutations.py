"""Datagrams that are nearly right: what the fuzzer throws, and what it raises where something breaks."""

import random
from collections.abc import Callable

INTERESTING = bytes.fromhex("0001020405063040414243444546477f80818283848587888fa0a2a3a4a5a7fffe")


class BrokenPromiseError(Exception):
    """The codec broke a promise; the datagram is the second argument."""


def flip_bit(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def set_octet(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] = INTERESTING[chance.randrange(len(INTERESTING))]


def step_octet(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at] = (data[at] + (1 if chance.random() < 0.5 else -1)) & 0xFF


def drop_octets(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.randint(1, 4)]


def put_octets(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.randbytes(chance.randint(1, 4))


def copy_octets(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randint(1, 40)]
    at = chance.randrange(len(data) + 1)
    data[at:at] = piece * (1 if chance.random() < 0.99 else chance.randint(2, 1_500))


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(flip_bit, flip_bit, set_octet, set_octet, step_octet, step_octet),
    *(drop_octets, put_octets, copy_octets, cut),
)


def mutate(data: bytes, chance: random.Random) -> bytes:
    octets = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if octets:
            chance.choice(MUTATIONS)(octets, chance)
    return bytes(octets)
