"""Keys are those of RFC 3414, RFC 7860 and both drafts that extend them; what can be no key is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from codec import (
    AUTH_PROTOCOLS,
    PRIV_PROTOCOLS,
    UsmError,
    check_engine_id,
    extends_slowly,
    limits,
    localised_key,
    master_key,
    privacy_key,
)

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "usm_vectors.json"
AUTH_NAMES = {"MD5": "md5", "SHA": "sha1", **{f"SHA{bits}": f"sha{bits}" for bits in (224, 256, 384, 512)}}
ENGINE = bytes.fromhex("000000000000000000000002")


def rows() -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(VECTORS.read_text())["keys"] if VECTORS.is_file() else []
    return found


@pytest.mark.skipif(not VECTORS.is_file(), reason="../shared/vectors is absent")
def test_every_hash_has_its_vectors() -> None:
    # The two rows of keyChange are for a SET of usmUserAuthKeyChange, which ptscan never sends: they are left.
    assert len(rows()) == 30
    assert {AUTH_NAMES[row["auth"]] for row in rows()} == set(AUTH_PROTOCOLS)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['auth']}-{row['engine_id'][:12]}")
def test_a_password_becomes_the_keys_of_the_vectors(row: dict[str, str]) -> None:
    auth = AUTH_PROTOCOLS[AUTH_NAMES[row["auth"]]]
    engine_id = bytes.fromhex(row["engine_id"])
    master = master_key(auth, bytes.fromhex(row["password_hex"]))
    localised = localised_key(auth, master, engine_id)
    assert (master.hex(), localised.hex()) == (row["ku"], row["kul"])
    for column, name in (("AES128", "aes128"), ("AES192", "aes192"), ("AES256", "aes256"), ("3DES", "3des")):
        for extension in ("blumenthal", "reeder"):
            priv = replace(PRIV_PROTOCOLS[name], extension=extension)
            assert privacy_key(priv, auth, localised, engine_id).hex() == row[f"{column}_{extension}"]
    assert privacy_key(PRIV_PROTOCOLS["des"], auth, localised, engine_id) == localised[:16]


@pytest.mark.parametrize(
    ("name", "password", "master", "localised"),
    [  # of section A.5, only the keys: how a key is changed is for a SET too
        ("md5", b"maplesyrup", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),
        ("md5", b"newsyrup", "01add273107c4e596b4b00f82b1d42a7", "87021d7bd9d101ba05ea6e3bf9d9bd4a"),
        (
            "sha1",
            b"maplesyrup",
            "9fb5cc0381497b3793528939ff788d5d79145211",
            "6695febc9288e36282235fc7151f128497b38f3f",
        ),
        (
            "sha1",
            b"newsyrup",
            "3a51a6d736aa347b83dc4a87e3e55ee4d698ac71",
            "78e2dcce79d59403b58c1bbaa5bff46391f1cd25",
        ),
    ],
)
def test_the_keys_of_rfc_3414_sections_a3_and_a5(name: str, password: bytes, master: str, localised: str) -> None:
    auth = AUTH_PROTOCOLS[name]
    assert master_key(auth, password).hex() == master
    assert localised_key(auth, bytes.fromhex(master), ENGINE).hex() == localised


@pytest.mark.parametrize("name", AUTH_PROTOCOLS)
def test_octets_of_a_password(name: str) -> None:
    auth = AUTH_PROTOCOLS[name]
    for size in (limits.MIN_PASSWORD, 64, 65, 1_000):
        assert len(master_key(auth, b"x" * size)) == auth.key_octets
    for size in (0, limits.MIN_PASSWORD - 1):
        with pytest.raises(UsmError, match=f"a password of {size} octets: 8 at least"):
            master_key(auth, b"x" * size)


def test_a_password_of_a_mebioctet_is_hashed_as_far_as_that() -> None:
    auth = AUTH_PROTOCOLS["sha1"]
    password = b"maplesyrup" * 104_858  # a little over a mebioctet
    assert master_key(auth, password) == master_key(auth, b"maplesyrup") == master_key(auth, password + b"more")


def test_octets_of_an_engine_id() -> None:
    auth = AUTH_PROTOCOLS["md5"]
    for size in (limits.MIN_ENGINE_ID, limits.MAX_ENGINE_ID):
        check_engine_id(bytes(size))
        assert len(localised_key(auth, bytes(16), bytes(size))) == 16
    for size in (0, limits.MIN_ENGINE_ID - 1, limits.MAX_ENGINE_ID + 1, 64):
        with pytest.raises(UsmError, match=f"an engine ID of {size} octets: 5 to 32 are allowed"):
            check_engine_id(bytes(size))
        with pytest.raises(UsmError, match="an engine ID of"):
            localised_key(auth, bytes(16), bytes(size))


@pytest.mark.parametrize("name", AUTH_PROTOCOLS)
def test_octets_of_a_master_key(name: str) -> None:
    auth = AUTH_PROTOCOLS[name]
    for size in (0, auth.key_octets - 1, auth.key_octets + 1):
        with pytest.raises(UsmError, match=f"{name} has {auth.key_octets}"):
            localised_key(auth, bytes(size), ENGINE)


@pytest.mark.parametrize("name", AUTH_PROTOCOLS)
@pytest.mark.parametrize("cipher", PRIV_PROTOCOLS)
def test_octets_of_a_localised_key(name: str, cipher: str) -> None:
    auth, priv = AUTH_PROTOCOLS[name], PRIV_PROTOCOLS[cipher]
    whole = bytes(range(priv.key_octets))
    assert privacy_key(priv, auth, whole, ENGINE) == whole, "a key that is long enough is taken as it is"
    for size in {0, auth.key_octets - 1, auth.key_octets + 1, priv.key_octets - 1, priv.key_octets + 1}:
        if size not in (auth.key_octets, priv.key_octets):
            with pytest.raises(UsmError, match=f"a localised key of {size} octets"):
                privacy_key(priv, auth, bytes(size), ENGINE)


def test_what_stretches_a_key_as_if_it_were_a_password_says_so() -> None:
    slow = {
        (name, cipher)
        for name, auth in AUTH_PROTOCOLS.items()
        for cipher, priv in PRIV_PROTOCOLS.items()
        if extends_slowly(priv, auth)
    }
    short = {name for name, auth in AUTH_PROTOCOLS.items() if auth.key_octets < 32}
    assert slow == {(name, cipher) for name in short for cipher in ("3des", "aes256-reeder")} | {
        (name, "aes192-reeder") for name in ("md5", "sha1")
    }


def test_no_error_shows_a_secret() -> None:
    auth, priv = AUTH_PROTOCOLS["md5"], PRIV_PROTOCOLS["aes256"]
    for call in (
        lambda: master_key(auth, b"s3cret!"),
        lambda: localised_key(auth, b"s3cret!", ENGINE),
        lambda: privacy_key(priv, auth, b"s3cret!", ENGINE),
    ):
        with pytest.raises(UsmError) as caught:
            call()
        assert "s3cret!" not in f"{caught.value!r} {caught.value}"
        assert b"s3cret!".hex() not in f"{caught.value!r} {caught.value}"
