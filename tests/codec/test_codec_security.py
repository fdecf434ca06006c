"""What one side seals the other opens, at every level; whatever is not exactly that is told by its fault."""

import ast
import hmac
import inspect
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import codec.security
from codec import (
    AUTH,
    AUTH_PROTOCOLS,
    PRIV,
    PRIV_PROTOCOLS,
    REPORTABLE,
    DecodeError,
    EncodeError,
    Fault,
    PduType,
    Security,
    SecurityError,
    UsmError,
    decode_scoped,
    decode_secure,
    encode_scoped,
    limits,
)

from .messages import mutated, tlv, varbind, varbind_lists
from .messages_v3 import ENGINE, LEVELS, PAIRS, SALT, TIMES, USER, scoped, secure, security

MOST = 2**31 - 1
numbers = st.integers(0, MOST)


def sealed(user: Security, data: bytes = scoped(), *, level: int | None = None) -> bytes:
    return user.seal(1 << 24, data, TIMES, SALT, reportable=False, level=level)


def fault_of(user: Security, data: bytes) -> Fault:
    with pytest.raises(SecurityError) as caught:
        user.unseal(data)
    return caught.value.fault


class TestBothWays:
    @pytest.mark.parametrize(("auth", "priv"), PAIRS)
    def test_every_pair_at_every_level_up_to_its_own(self, auth: str | None, priv: str | None) -> None:
        ours, theirs = security(auth, priv), security(auth, priv)
        for level in (0, AUTH, AUTH | PRIV):
            for reportable in (True, False):
                if level & ~ours.level:
                    continue
                data = ours.seal(1 << 24, scoped(), TIMES, SALT, reportable=reportable, level=level)
                opened = theirs.unseal(data)
                assert opened.level == opened.message.level == level
                assert opened.scoped[: len(scoped())] == scoped()
                assert bool(opened.message.flags & REPORTABLE) == reportable
                assert len(opened.message.mac) == (AUTH_PROTOCOLS[auth].mac_octets if auth and level & AUTH else 0)
                assert len(opened.message.salt) == (8 if level & PRIV else 0)

    @given(st.data())
    def test_what_is_opened_is_what_was_sealed(self, draw: st.DataObject) -> None:
        auth, priv = draw.draw(st.sampled_from(PAIRS))
        user, engine_id = draw.draw(st.binary(max_size=32)), draw.draw(st.binary(min_size=5, max_size=32))
        ours = security(auth, priv, user=user, engine_id=engine_id)
        theirs = security(auth, priv, user=user, engine_id=engine_id)
        for _ in range(draw.draw(st.integers(1, 5))):
            msg_id, boots, time = draw.draw(numbers), draw.draw(numbers), draw.draw(numbers)
            salt = draw.draw(st.binary(min_size=8, max_size=8))
            varbinds = draw.draw(varbind_lists)
            data = encode_scoped(engine_id, b"Jetdirect", PduType.RESPONSE, (5, 0, 0), varbinds)
            datagram = ours.seal(msg_id, data, (boots, time), salt, reportable=draw.draw(st.booleans()))
            opened = theirs.unseal(datagram)
            message = opened.message
            assert (message.msg_id, message.boots, message.time) == (msg_id, boots, time)
            assert (message.user, message.engine_id) == (user, engine_id)
            assert message.salt == (salt if priv else b"")
            assert decode_scoped(opened.scoped).message.varbinds == varbinds
            assert opened == theirs.judge(datagram, decode_secure(datagram))

    @pytest.mark.parametrize("auth", AUTH_PROTOCOLS)
    def test_the_digest_is_the_hmac_of_the_message_with_zeros_in_its_place(self, auth: str) -> None:
        octets = {"md5": 12, "sha1": 12, "sha224": 16, "sha256": 24, "sha384": 32, "sha512": 48}[auth]  # RFC 7860
        data = sealed(security(auth, None))
        message = decode_secure(data)
        assert len(message.mac) == octets
        key = bytes(range(1, 1 + AUTH_PROTOCOLS[auth].key_octets))
        bare = data[: message.mac_at] + bytes(octets) + data[message.mac_at + octets :]
        assert message.mac == hmac.digest(key, bare, auth)[:octets]

    @pytest.mark.parametrize(("auth", "priv"), LEVELS)
    def test_the_octets_are_those_of_the_rfc(self, auth: str | None, priv: str | None) -> None:
        data = sealed(security(auth, priv))
        message = decode_secure(data)
        content = data[message.begin : message.end]
        assert data == secure(
            flags=tlv(4, bytes((message.level,))),
            mac=tlv(4, message.mac),
            salt=tlv(4, SALT if priv else b""),
            data=tlv(4, content) if priv else content,
        )

    def test_numbers_at_the_ends_of_their_ranges(self) -> None:
        user = security()
        for number in (0, 0x7F, 0x80, 0x7FFF, 0x8000, MOST):
            message = user.unseal(user.seal(number, scoped(), (number, number), SALT, reportable=True)).message
            assert (message.msg_id, message.boots, message.time) == (number, number, number)

    def test_any_order_of_ids_boots_and_seconds_more_than_are_remembered(self) -> None:
        user, other = security(), security()
        for number, boots, time in [*product((1, 0x80, 1 << 24), (1, 2), range(3))] * 2:
            message = other.unseal(user.seal(number, scoped(), (boots, time), SALT, reportable=True)).message
            assert (message.msg_id, message.boots, message.time) == (number, boots, time)

    @pytest.mark.parametrize(("auth", "priv"), LEVELS)
    def test_octets_of_a_datagram(self, auth: str | None, priv: str | None) -> None:
        user = security(auth, priv)

        def data(size: int) -> bytes:
            return sealed(user, scoped(varbind(tlv(4, bytes(size)))))

        room = limits.MAX_DATAGRAM - len(data(65_000))
        fitting = 65_000 + room - room % 8  # DES pads
        assert limits.MAX_DATAGRAM - 8 < len(data(fitting)) <= limits.MAX_DATAGRAM
        assert user.unseal(data(fitting)).level == user.level
        with pytest.raises(EncodeError, match="fit into a datagram"):
            data(fitting + 8)


class TestFaults:
    @pytest.mark.parametrize(("auth", "priv"), LEVELS)
    def test_another_engine_or_user(self, auth: str | None, priv: str | None) -> None:
        user = security(auth, priv)
        for engine_id in (b"", ENGINE[:-1], ENGINE + b"\0", ENGINE[:-1] + b"\0", bytes(32)):
            assert fault_of(user, secure(engine_id=tlv(4, engine_id))) == Fault.UNKNOWN_ENGINE
        for name in (b"", USER[:-1], USER + b"\0", b"Auditor", bytes(32)):
            assert fault_of(user, secure(user=tlv(4, name))) == Fault.UNKNOWN_USER

    def test_a_level_above_that_of_the_user(self) -> None:
        highest = sealed(security("sha1", "aes128"))
        assert fault_of(security("sha1", None), highest) == Fault.UNSUPPORTED_LEVEL
        assert fault_of(security(None, None), highest) == Fault.UNSUPPORTED_LEVEL
        assert fault_of(security(None, None), sealed(security("sha1", None))) == Fault.UNSUPPORTED_LEVEL

    def test_a_level_below_that_of_the_user_is_told(self) -> None:
        user = security("sha1", "aes128")
        assert user.unseal(sealed(user, level=0)).level == 0
        assert user.unseal(sealed(user, level=AUTH)).level == AUTH
        assert user.unseal(secure()).level == 0, "whoever asked for more may not believe it"

    @pytest.mark.parametrize(("auth", "priv"), [("md5", None), ("sha512", None), ("sha1", "aes128"), ("md5", "des")])
    def test_one_bit_anywhere(self, auth: str, priv: str | None) -> None:
        user = security(auth, priv)
        data = sealed(user)
        for place in range(len(data)):
            for bit in range(8):
                other = data[:place] + bytes((data[place] ^ 1 << bit,)) + data[place + 1 :]
                try:
                    opened = user.unseal(other)
                except DecodeError:  # SecurityError too
                    continue
                else:  # only what says that it is not authenticated can be read, and it says so
                    assert opened.level == 0
                    assert data.index(b"\x02\x01\x03\x04") - 1 == place

    @pytest.mark.parametrize("auth", AUTH_PROTOCOLS)
    def test_a_digest_of_another_length_key_or_hash(self, auth: str) -> None:
        user = security(auth, None)
        data = sealed(user)
        mac = decode_secure(data).mac
        for wrong in (b"", mac[:1], mac[:-1], mac + b"\0", mac * 2, bytes(len(mac))):
            assert fault_of(user, secure(flags=tlv(4, b"\1"), mac=tlv(4, wrong))) == Fault.WRONG_DIGEST
        assert fault_of(security(auth, None, key=2), data) == Fault.WRONG_DIGEST
        for other in set(AUTH_PROTOCOLS) - {auth}:
            assert fault_of(security(other, None), data) == Fault.WRONG_DIGEST

    def test_octets_after_the_message_are_seen_where_it_is_authenticated(self) -> None:
        for auth, priv in LEVELS[1:]:
            assert fault_of(security(auth, priv), sealed(security(auth, priv)) + b"\0") == Fault.WRONG_DIGEST
        assert security(None, None).unseal(sealed(security(None, None)) + b"\0").scoped == scoped()

    @pytest.mark.parametrize("priv", PRIV_PROTOCOLS)
    def test_cipher_text_of_every_length(self, priv: str) -> None:
        """As an engine sends it that authenticates what it cut."""
        user = security("sha1", priv)
        whole = sealed(user)
        message = decode_secure(whole)
        text = whole[message.begin : message.end]
        for size in range(len(text) + 1):
            bare = secure(flags=tlv(4, b"\3"), mac=tlv(4, bytes(12)), salt=tlv(4, SALT), data=tlv(4, text[:size]))
            at = decode_secure(bare).mac_at
            mac = hmac.digest(bytes(range(1, 21)), bare, "sha1")[:12]
            cut = bare[:at] + mac + bare[at + 12 :]
            if "des" in priv and (size % 8 or not size):
                assert fault_of(user, cut) == Fault.DECRYPTION
            else:
                assert scoped().startswith(user.unseal(cut).scoped[: len(scoped())])
        assert user.unseal(whole).scoped[: len(scoped())] == scoped(), "what was cut spoils nothing that follows"

    @pytest.mark.parametrize("priv", PRIV_PROTOCOLS)
    def test_another_privacy_key_gives_what_is_no_scoped_pdu(self, priv: str) -> None:
        auth, how = AUTH_PROTOCOLS["sha1"], PRIV_PROTOCOLS[priv]
        other = Security(USER, ENGINE, auth=(auth, bytes(range(1, 21))), priv=(how, b"\x5a" * how.key_octets))
        opened = other.unseal(sealed(security("sha1", priv)))
        assert opened.scoped != scoped()
        with pytest.raises(DecodeError):
            decode_scoped(opened.scoped)

    @pytest.mark.parametrize(("auth", "priv"), LEVELS)
    def test_every_prefix(self, auth: str | None, priv: str | None) -> None:
        data = sealed(security(auth, priv))
        for size in range(len(data)):
            with pytest.raises(DecodeError):
                security(auth, priv).unseal(data[:size])

    @given(st.sampled_from(LEVELS), st.data())
    def test_nothing_but_a_decode_error_comes_out_of_mutated_messages(
        self, level: tuple[str | None, str | None], draw: st.DataObject
    ) -> None:
        user = security(*level)
        data = sealed(user)
        for _ in range(5):
            other = draw.draw(mutated(st.just(data)))
            try:
                opened = user.unseal(other)
            except DecodeError:
                continue
            if opened.level:
                assert other == data, "what is authenticated is what was sealed"


class TestUsers:
    def test_octets_of_an_engine_id(self) -> None:
        for octets in (limits.MIN_ENGINE_ID, limits.MAX_ENGINE_ID):
            assert security(engine_id=bytes(octets)).engine_id == bytes(octets)
        for octets in (0, limits.MIN_ENGINE_ID - 1, limits.MAX_ENGINE_ID + 1, 64):
            with pytest.raises(UsmError, match=f"an engine ID of {octets} octets"):
                security(engine_id=bytes(octets))

    def test_privacy_without_authentication_is_refused(self) -> None:
        with pytest.raises(UsmError, match="privacy without authentication"):
            security(None, "aes128")

    @pytest.mark.parametrize("auth", AUTH_PROTOCOLS)
    @pytest.mark.parametrize("priv", PRIV_PROTOCOLS)
    def test_keys_of_a_wrong_length_are_refused_at_once_and_not_shown(self, auth: str, priv: str) -> None:
        by, how = AUTH_PROTOCOLS[auth], PRIV_PROTOCOLS[priv]
        for more in (-1, 1):
            with pytest.raises(UsmError, match="an authentication key of"):
                Security(USER, ENGINE, auth=(by, bytes(by.key_octets + more)))
            with pytest.raises(UsmError, match="a privacy key of") as caught:
                Security(USER, ENGINE, auth=(by, bytes(by.key_octets)), priv=(how, b"s" * (how.key_octets + more)))
            assert "ss" not in f"{caught.value!r}"

    def test_the_keys_of_a_user_are_not_shown(self) -> None:
        shown = repr(Security(USER, ENGINE, auth=(AUTH_PROTOCOLS["md5"], b"s3cret" + bytes(10))))
        assert shown == f"Security(user={USER!r}, engine_id={ENGINE.hex()}, level=1)"


def test_digests_are_compared_in_constant_time() -> None:
    """No look at a clock can prove it on a busy machine, so the source is looked at."""
    tree = ast.parse(inspect.getsource(codec.security))
    called = [node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert called.count("compare_digest") == 1
    judged = next(
        node for node in ast.walk(tree) if isinstance(node, ast.If) and "compare_digest" in ast.dump(node.test)
    )
    assert "WRONG_DIGEST" in ast.dump(judged.body[0])
    compared = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    named = {getattr(part, "attr", getattr(part, "id", "")) for node in compared for part in ast.walk(node)}
    assert named, "comparisons are seen"
    assert not named & {"mac", "expected", "digest"}
