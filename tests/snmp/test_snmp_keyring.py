"""Keys are made once, passwords are stretched first, and what is kept has a limit."""

import random
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from codec import AUTH_PROTOCOLS, Decoder, UsmError, localised_key, master_key
from ptscan.snmp import Secret, User, limits
from ptscan.snmp.keyring import Keyring
from ptscan.snmp.meeting import Meetings

from .agent_v3 import ENGINE, OTHER_ENGINE, keys_of, user

SALT = bytes(8)


def proves_the_same(keyring: Keyring, engine_id: bytes, *, as_user: User | None = None) -> bool:
    found = keyring.find(engine_id)
    assert found is not None
    datagram = keys_of(as_user or keyring.user, engine_id).seal(7, b"\x30\x00", (1, 2), SALT, reportable=True)
    return found.unseal(datagram).scoped.startswith(b"\x30\x00")


@pytest.mark.parametrize("priv", [None, "des", "aes128", "aes256"])
def test_a_password_is_stretched_once_and_serves_every_engine(priv: str | None) -> None:
    keyring = Keyring(user(auth="sha1", priv=priv))
    assert keyring.find(ENGINE) is None
    assert not keyring.is_stretched
    keyring.stretch()
    assert keyring.is_stretched
    for engine_id in (ENGINE, OTHER_ENGINE):
        assert proves_the_same(keyring, engine_id)
    assert keyring.find(ENGINE) is keyring.find(ENGINE)


@pytest.mark.parametrize("priv", ["3des", "aes192-reeder", "aes256-reeder"])
def test_what_an_extension_stretches_is_made_for_each_engine_beforehand(priv: str) -> None:
    keyring = Keyring(user(auth="md5", priv=priv))
    keyring.stretch()
    for engine_id in (ENGINE, OTHER_ENGINE):
        assert keyring.find(engine_id) is None
        keyring.extend(engine_id)
        assert proves_the_same(keyring, engine_id)


def test_a_user_without_secrets_needs_no_derivation() -> None:
    keyring = Keyring(user(auth=None, priv=None))
    assert keyring.is_stretched
    found = keyring.find(ENGINE)
    assert found is not None
    assert found.level == 0


@pytest.mark.parametrize("prefix", ["", "0x", "0X"])
def test_master_and_localised_keys_serve_as_their_passwords_do(prefix: str) -> None:
    auth = AUTH_PROTOCOLS["sha256"]
    by_password = user()
    master = {name: master_key(auth, f"monitor-{name}-password".encode()) for name in ("auth", "priv")}
    localised = {name: localised_key(auth, key, ENGINE) for name, key in master.items()}
    for kind, keys in (("master", master), ("localised", localised)):
        text = {name: Secret(prefix + key.hex()) for name, key in keys.items()}
        who = User("monitor", "sha256", auth_key=text["auth"], priv="aes128", priv_key=text["priv"], key_kind=kind)
        assert proves_the_same(Keyring(who), ENGINE, as_user=by_password)


@pytest.mark.parametrize("kind", ["master", "localised"])
@pytest.mark.parametrize("given", ["auth", "priv"])
def test_a_password_beside_a_key_is_localised_whatever_the_key_is(kind: str, given: str) -> None:
    auth = AUTH_PROTOCOLS["sha256"]
    key = master_key(auth, f"monitor-{given}-password".encode())
    key = localised_key(auth, key, ENGINE) if kind == "localised" else key
    plain = user()
    without = {"auth_password": plain.auth_password, "priv_password": plain.priv_password, f"{given}_password": None}
    who = User("monitor", "sha256", priv="aes128", key_kind=kind, **without, **{f"{given}_key": Secret(key.hex())})
    keyring = Keyring(who)
    assert not keyring.is_stretched
    keyring.stretch()
    assert proves_the_same(keyring, ENGINE, as_user=plain)


def test_a_password_that_is_too_short_in_octets_is_told() -> None:
    who = user()
    object.__setattr__(who, "auth_password", Secret("short"))  # no file and no User lets that through
    with pytest.raises(UsmError, match="8 at least"):
        Keyring(who).stretch()


def test_what_is_kept_has_a_limit() -> None:
    keyring = Keyring(user(priv=None), capacity=3)
    keyring.stretch()
    first = keyring.find(ENGINE)
    for number in range(3):
        keyring.find(OTHER_ENGINE + bytes((number,)))
    assert len(keyring._made) == 3
    assert keyring.find(ENGINE) is not first


def test_a_client_stretches_each_password_of_the_largest_file_once() -> None:
    meetings = Meetings(random.Random(1), Decoder())
    users = [(place, user(f"ward-{place}", priv=None)) for place in range(limits.CREDENTIALS)]
    rounds = [[meetings.introduce(("127.0.0.1", 161), [entry])[1].keyrings[0] for entry in users] for _ in range(2)]
    assert all(first is second for first, second in zip(*rounds, strict=True))


def test_threads_that_extend_at_once_do_not_push_out_the_same_key() -> None:
    keyring = Keyring(user(auth="md5", priv="aes256-reeder"), capacity=1)

    def keep(first: int) -> None:  # as ``extend`` does, without the milliseconds before it
        for number in range(first, first + 20_000):
            keyring._keep(keyring._extended, number.to_bytes(5, "big"), b"")

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for kept in [pool.submit(keep, thread << 32) for thread in range(4)]:
                kept.result()
    finally:
        sys.setswitchinterval(before)
    assert len(keyring._extended) == 1
