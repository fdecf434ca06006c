"""Ciphers give the octets of RFC 3414, RFC 3826 and draft-reeder, in any order, however long their contexts live."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import PRIV_PROTOCOLS, UsmError
from codec.privacy import PrivacyCipher, privacy_cipher

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "usm_vectors.json"
ROWS: list[dict[str, str]] = json.loads(VECTORS.read_text())["privacy"] if VECTORS.is_file() else []
DES = ("des", "3des")
salts = st.binary(min_size=8, max_size=8)
clocks = st.integers(0, 2**31 - 1)


def named(row: dict[str, str]) -> str:
    name = row["proto"].lower()
    return f"{name}-reeder" if row.get("ext") == "reeder" and name != "aes128" else name


def fresh(name: str, key: bytes | None = None) -> PrivacyCipher:
    return privacy_cipher(PRIV_PROTOCOLS[name], bytes(range(PRIV_PROTOCOLS[name].key_octets)) if key is None else key)


def encrypted(cipher: PrivacyCipher, row: dict[str, str]) -> str:
    boots, time = int(row["boots"]), int(row.get("time", 0))
    return cipher.encrypt(bytes.fromhex(row["plain"]), boots, time, bytes.fromhex(row["salt"])).hex()


def decrypted(cipher: PrivacyCipher, row: dict[str, str]) -> str:
    boots, time = int(row["boots"]), int(row.get("time", 0))
    return cipher.decrypt(bytes.fromhex(row["cipher"]), boots, time, bytes.fromhex(row["salt"])).hex()


@pytest.mark.skipif(not ROWS, reason="../shared/vectors is absent")
def test_every_cipher_has_its_vectors() -> None:
    assert len(ROWS) == 96
    assert {named(row) for row in ROWS} == set(PRIV_PROTOCOLS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{named(row)}-{row['auth']}-{row['boots']}")
def test_a_new_context_gives_the_octets_of_the_vectors(row: dict[str, str]) -> None:
    key = bytes.fromhex(row["key"])
    assert encrypted(fresh(named(row), key), row) == row["cipher"]
    assert decrypted(fresh(named(row), key), row) == row["plain"]


@pytest.mark.parametrize("name", sorted({named(row) for row in ROWS}))
def test_a_context_that_lives_long_gives_them_in_any_order_and_both_directions(name: str) -> None:
    chance = Random(7)
    rows = [row for row in ROWS if named(row) == name]
    ciphers = {row["key"]: fresh(name, bytes.fromhex(row["key"])) for row in rows}
    for row in chance.choices(rows, k=200):
        if chance.random() < 0.5:
            assert encrypted(ciphers[row["key"]], row) == row["cipher"]
        else:
            assert decrypted(ciphers[row["key"]], row) == row["plain"]


@given(
    st.sampled_from(sorted(PRIV_PROTOCOLS)),
    st.lists(st.tuples(st.binary(min_size=1, max_size=70), clocks, clocks, salts), min_size=1, max_size=6),
)
def test_an_old_context_gives_what_a_new_one_gives(name: str, pieces: list[tuple[bytes, int, int, bytes]]) -> None:
    ours, theirs = fresh(name), fresh(name)
    for plain, boots, time, salt in pieces:
        octets = ours.encrypt(plain, boots, time, salt)
        assert octets == fresh(name).encrypt(plain, boots, time, salt)
        assert theirs.decrypt(octets, boots, time, salt)[: len(plain)] == plain


@given(st.sampled_from(sorted(PRIV_PROTOCOLS)), st.binary(max_size=40), clocks, clocks, salts)
def test_any_octets_are_deciphered_or_refused_and_spoil_nothing(
    name: str, octets: bytes, boots: int, time: int, salt: bytes
) -> None:
    cipher = fresh(name)
    try:
        plain = cipher.decrypt(octets, boots, time, salt)
    except UsmError:
        assert name in DES
        assert len(octets) % 8 or not octets
    else:
        assert octets or name not in DES
        assert len(plain) == len(octets)
        assert cipher.decrypt(octets, boots, time, salt) == plain
    text = cipher.encrypt(b"what follows", boots, time, salt)
    assert cipher.decrypt(text, boots, time, salt)[:12] == b"what follows"


@pytest.mark.parametrize("name", sorted(PRIV_PROTOCOLS))
def test_cipher_text_is_as_long_as_the_plain_text_but_for_padding_of_des(name: str) -> None:
    for size in range(1, 40):
        text = fresh(name).encrypt(bytes(size), 1, 1, bytes(8))
        assert len(text) == (size + -size % 8 if name in DES else size)


@pytest.mark.parametrize("name", sorted(PRIV_PROTOCOLS))
@pytest.mark.parametrize("change", ["salt", "key", "boots", "time"])
def test_another_salt_key_or_time_gives_other_octets(name: str, change: str) -> None:
    key = bytes(range(1, 1 + PRIV_PROTOCOLS[name].key_octets))
    one = fresh(name, key).encrypt(bytes(16), 1, 2, bytes(8))
    other = fresh(name, bytes(0xFF - octet for octet in key) if change == "key" else key).encrypt(
        bytes(16), 3 if change == "boots" else 1, 4 if change == "time" else 2, bytes(7) + bytes((change == "salt",))
    )
    # DES has the time in its salt alone, which is for the caller to choose.
    assert (one == other) == (name in DES and change in ("boots", "time"))


@pytest.mark.parametrize("name", sorted(PRIV_PROTOCOLS))
def test_octets_of_a_key(name: str) -> None:
    octets = PRIV_PROTOCOLS[name].key_octets
    for size in (0, octets - 1, octets + 1):
        with pytest.raises(UsmError, match=f"a privacy key of {size} octets: {name} has {octets}"):
            privacy_cipher(PRIV_PROTOCOLS[name], bytes(size))


def test_who_speaks_no_v3_loads_no_cipher() -> None:
    code = "import codec, sys; codec.AUTH_PROTOCOLS, codec.decode_secure; print('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
