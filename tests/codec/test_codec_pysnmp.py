"""SNMPv3 against pysnmp, an independent implementation: every pair of algorithms, both ways, octet by octet."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysnmp.proto.error import StatusInformation

from codec import (
    AUTH_PROTOCOLS,
    PRIV_PROTOCOLS,
    Fault,
    Security,
    SecurityError,
    decode_scoped,
    encode_scoped,
    localised_key,
    master_key,
    privacy_key,
)

from . import peer_pysnmp
from .messages import SYS_DESCR, tlv, varbind
from .messages_v3 import ENGINE, PAIRS, SALT, USER, scoped

PASSWORDS = (b"maplesyrup", b"maple-privacy")
TIMES = (3, 1_000_000)


@cache
def users(auth: str | None, priv: str | None) -> tuple[Security, peer_pysnmp.User]:
    """One user, as we have it and as pysnmp does; the keys are of the same passwords and have to be the same."""
    theirs = peer_pysnmp.User(
        USER, ENGINE, (auth, PASSWORDS[0]) if auth else None, (priv, PASSWORDS[1]) if priv else None
    )
    if auth is None:
        return Security(USER, ENGINE), theirs
    by = AUTH_PROTOCOLS[auth]
    key = localised_key(by, master_key(by, PASSWORDS[0]), ENGINE)
    assert key == theirs.auth_key
    if priv is None:
        return Security(USER, ENGINE, auth=(by, key)), theirs
    how = PRIV_PROTOCOLS[priv]
    cipher_key = privacy_key(how, by, localised_key(by, master_key(by, PASSWORDS[1]), ENGINE), ENGINE)
    assert cipher_key == theirs.priv_key
    return Security(USER, ENGINE, auth=(by, key), priv=(how, cipher_key)), theirs


@pytest.mark.parametrize(("auth", "priv"), PAIRS)
def test_what_we_seal_pysnmp_opens(auth: str | None, priv: str | None) -> None:
    ours, theirs = users(auth, priv)
    for number in (1, 1 << 24):
        msg_id, opened = theirs.unseal(ours.seal(number, scoped(), TIMES, SALT, reportable=False))
        assert (msg_id, opened[: len(scoped())]) == (number, scoped())


@pytest.mark.parametrize(("auth", "priv"), PAIRS)
def test_what_pysnmp_seals_we_open_and_seal_alike(auth: str | None, priv: str | None) -> None:
    ours, theirs = users(auth, priv)
    for number in (1, 1 << 24):
        data = theirs.seal(number, scoped(), TIMES, 0x1234_5678)
        opened = ours.unseal(data)
        assert opened.level == ours.level
        assert (opened.message.msg_id, opened.message.boots, opened.message.time) == (number, *TIMES)
        assert opened.scoped[: len(scoped())] == scoped()
        # What it padded is sealed as it was: pysnmp pads for DES where there is no need to.
        assert ours.seal(number, opened.scoped, TIMES, opened.message.salt, reportable=False) == data


@pytest.mark.parametrize("auth", AUTH_PROTOCOLS)
def test_a_digest_that_one_refuses_the_other_refuses(auth: str) -> None:
    ours, theirs = users(auth, None)
    sealed = ours.seal(9, scoped(varbind(tlv(4, b"HP"))), TIMES, SALT, reportable=False)
    assert theirs.unseal(sealed)[0] == 9
    data = sealed[:-1] + bytes((sealed[-1] ^ 1,))
    with pytest.raises(SecurityError) as caught:
        ours.unseal(data)
    assert caught.value.fault == Fault.WRONG_DIGEST
    with pytest.raises(StatusInformation):
        theirs.unseal(data)


@given(
    st.sampled_from(PAIRS),
    st.lists(st.binary(max_size=60), max_size=4),
    st.integers(0, 2**31 - 1),
    st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1)),
    st.binary(min_size=8, max_size=8),
)
def test_messages_of_any_content_and_time_go_both_ways(
    pair: tuple[str | None, str | None], texts: list[bytes], number: int, times: tuple[int, int], salt: bytes
) -> None:
    ours, theirs = users(*pair)
    data = encode_scoped(ENGINE, b"Jetdirect", 0xA2, (7, 0, 0), [(SYS_DESCR, 4, text) for text in texts])
    msg_id, opened = theirs.unseal(ours.seal(number, data, times, salt, reportable=False))
    assert (msg_id, opened[: len(data)]) == (number, data)
    back = ours.unseal(theirs.seal(number, data, times, int.from_bytes(salt[:4], "big")))
    assert (back.message.msg_id, back.message.boots, back.message.time) == (number, *times)
    assert decode_scoped(back.scoped) == decode_scoped(data)
