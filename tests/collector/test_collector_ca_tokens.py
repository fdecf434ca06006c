"""Of a token nothing is kept that would let anybody use it."""

from ptscan.collector import new_id, new_token, token_digest
from ptscan.tls import Token, fingerprint_of, is_id, read_token, write_token

TOKEN = Token(secret=bytes(range(32)), fingerprint=bytes(32))


def test_the_digest_is_of_the_secret_alone_so_that_a_token_is_known_again_after_the_root_changed() -> None:
    assert token_digest(Token(secret=TOKEN.secret, fingerprint=b"\1" * 32)) == token_digest(TOKEN)
    assert token_digest(Token(secret=bytes(32), fingerprint=TOKEN.fingerprint)) != token_digest(TOKEN)


def test_the_digest_is_a_frozen_contract_of_every_store_there_is() -> None:
    assert token_digest(TOKEN).hex() == "13a09a110692b31ea4a88778033640a8cc8ecabba88b48568992ffb5970d92d9"


def test_a_new_token_names_the_root_and_is_never_the_same() -> None:
    tokens = {new_token(b"root").secret for _ in range(100)}
    assert len(tokens) == 100
    token = new_token(b"root")
    assert token.fingerprint == fingerprint_of(b"root")
    assert read_token(write_token(token)) == token


def test_a_new_id_is_an_id_and_never_the_same() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(map(is_id, ids))
