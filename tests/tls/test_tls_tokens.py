"""Tokens: what is written is read again, a slip is told from a refusal, and none is told in a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.tls import Token, TokenError, limits, read_token, write_token

OCTETS = st.binary(min_size=32, max_size=32)
TOKEN = Token(secret=bytes(range(32)), fingerprint=bytes(range(32, 64)))
TEXT = write_token(TOKEN)


@given(OCTETS, OCTETS)
def test_a_token_is_read_as_it_was_written(secret: bytes, fingerprint: bytes) -> None:
    token = Token(secret=secret, fingerprint=fingerprint)
    assert read_token(write_token(token)) == token


def test_the_text_is_a_frozen_contract_and_a_single_word() -> None:
    assert TEXT == (
        "ptscan_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-P9BduPk"
    )


def test_white_space_around_it_is_let_be() -> None:
    assert read_token(f"\n  {TEXT}\r\n") == TOKEN


def test_a_token_does_not_print_its_secret() -> None:
    assert repr(TOKEN) == f"{TOKEN}" == "Token(<secret>)"


def test_every_prefix_and_every_altered_character_is_told() -> None:
    for at in range(len(TEXT)):
        for text in (TEXT[:at], TEXT[:at] + ("A" if TEXT[at] != "A" else "B") + TEXT[at + 1 :]):
            with pytest.raises(TokenError):
                read_token(text)


@given(st.text(max_size=200))
def test_what_is_no_token_is_told_in_one_line_without_it(text: str) -> None:
    for given_text in (text, "ptscan_" + text):
        with pytest.raises(TokenError) as caught:
            read_token(given_text)
        assert "\n" not in str(caught.value)
        if len(text.strip()) > 60:
            assert text.strip() not in str(caught.value)


def test_a_text_is_looked_at_up_to_its_limit() -> None:
    for length in (limits.TOKEN_CHARACTERS, limits.TOKEN_CHARACTERS + 1):
        with pytest.raises(TokenError, match="cut" if length == limits.TOKEN_CHARACTERS else "no token holds"):
            read_token("ptscan_" + "A" * (length - 7))


@pytest.mark.parametrize(
    "wrong", [Token(secret=bytes(31), fingerprint=bytes(32)), Token(secret=bytes(32), fingerprint=b"")]
)
def test_a_token_of_another_size_is_not_written(wrong: Token) -> None:
    with pytest.raises(ValueError, match="32 octets"):
        write_token(wrong)
