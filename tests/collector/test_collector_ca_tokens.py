"""What is kept of a token, and why one is not taken."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from ptscan.collector import record_of, refusal_of, token_hash
from ptscan.collector.ca import limits
from ptscan.errors import InputError
from ptscan.tls import Token, write_token

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
TOKEN = Token(secret=bytes(range(32)), fingerprint=bytes(32))
KEY = bytes(32)
RECORD = record_of(TOKEN, entity="acme", created_at=NOW)
HOUR = timedelta(hours=1)


def test_nothing_of_the_secret_is_kept() -> None:
    kept = msgspec.msgpack.encode(RECORD)
    assert TOKEN.secret not in kept
    assert write_token(TOKEN).encode() not in kept
    assert RECORD.hash == token_hash(TOKEN) != token_hash(Token(secret=bytes(32), fingerprint=bytes(32)))


def test_the_hash_is_of_the_secret_alone_so_that_it_is_found_after_the_root_changed() -> None:
    assert token_hash(Token(secret=TOKEN.secret, fingerprint=b"\1" * 32)) == RECORD.hash


def test_a_token_is_good_once_for_an_hour_where_nothing_else_is_said() -> None:
    assert (RECORD.uses, RECORD.expires_at) == (1, NOW + HOUR)
    assert refusal_of(RECORD, key=KEY, now_at=NOW) == ""
    assert refusal_of(RECORD, key=KEY, now_at=NOW + HOUR - timedelta(microseconds=1)) == ""


@pytest.mark.parametrize(
    ("change", "after", "code"),
    [
        ({"used": 1}, timedelta(0), "used-up"),
        ({}, HOUR, "expired"),
        ({"revoked_at": NOW}, timedelta(0), "revoked"),
        ({"key": b"\1" * 32}, timedelta(0), "other-key"),
    ],
)
def test_a_token_that_is_not_taken_says_why(change: dict[str, object], after: timedelta, code: str) -> None:
    record = msgspec.structs.replace(RECORD, **change)
    assert refusal_of(record, key=KEY, now_at=NOW + after) == code


def test_an_unknown_token_is_not_taken_and_a_bound_one_is_for_its_key() -> None:
    assert refusal_of(None, key=KEY, now_at=NOW) == "unknown"
    bound = record_of(TOKEN, entity="acme", created_at=NOW, key=KEY, uses=2)
    assert refusal_of(bound, key=KEY, now_at=NOW) == ""
    assert refusal_of(msgspec.structs.replace(bound, used=1), key=KEY, now_at=NOW) == ""


def test_uses_and_seconds_have_limits() -> None:
    most = record_of(
        TOKEN, entity="acme", created_at=NOW, uses=limits.TOKEN_USES_MOST, seconds=limits.TOKEN_SECONDS_MOST
    )
    assert (most.uses, most.expires_at) == (10_000, NOW + timedelta(days=30))
    for uses in (0, limits.TOKEN_USES_MOST + 1):
        with pytest.raises(InputError, match="uses"):
            record_of(TOKEN, entity="acme", created_at=NOW, uses=uses)
    for seconds in (0.0, -1.0, limits.TOKEN_SECONDS_MOST + 1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="at most 30 days"):
            record_of(TOKEN, entity="acme", created_at=NOW, seconds=seconds)
