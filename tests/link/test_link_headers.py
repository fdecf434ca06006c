"""What a call's headers say, both ways: paths, deadlines, encodings, statuses and texts of any letters."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.link import CallError, Status
from ptscan.link.headers import (
    CONTENT_TYPE,
    RefusalError,
    format_timeout,
    parse_timeout,
    read_request,
    read_status,
    request_headers,
    response_headers,
    trailers,
)
from ptscan.link.status import status_of_http, status_of_reset

from .wire import CALL, PATH


def changed(**headers: str | None) -> list[tuple[str, str]]:
    told: dict[str, str | None] = {**dict(CALL), **{name.replace("_", "-"): value for name, value in headers.items()}}
    return [(name, value) for name, value in told.items() if value is not None]


@given(st.none() | st.floats(0, 1e8), st.booleans())
def test_a_request_is_understood_as_it_was_meant(timeout: float | None, compress: bool) -> None:
    headers = request_headers(PATH, authority="a", timeout=timeout, compress=compress, metadata={"x-trace": "7"})
    request = read_request(headers)
    assert request.path == PATH
    assert request.encoding == ("gzip" if compress else "identity")
    assert request.accepts_gzip
    assert request.metadata == {"x-trace": "7"}
    wanted = inf if timeout is None else timeout
    assert request.timeout == pytest.approx(wanted, rel=1e-5, abs=1e-8)
    assert request.timeout <= wanted * (1 + 1e-12)  # never longer than was asked


@pytest.mark.parametrize(
    "kind", ["application/grpc", CONTENT_TYPE, "application/grpc; charset=utf-8", "Application/GRPC"]
)
def test_ordinary_content_types_are_taken(kind: str) -> None:
    assert not read_request(changed(content_type=kind)).is_json


def test_json_is_known_by_its_content_type() -> None:
    assert read_request(changed(content_type="application/grpc+json")).is_json
    assert ("content-type", "application/grpc+json") in response_headers(compress=False, is_json=True)


@pytest.mark.parametrize("kind", [None, "", "text/html", "application/grpc+proto", "application/grpcx"])
def test_another_content_type_is_no_call(kind: str | None) -> None:
    with pytest.raises(RefusalError) as caught:
        read_request(changed(content_type=kind))
    assert caught.value.http_status == 415


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("HEAD", 404), ("PUT", 405), ("post", 405)])
def test_another_method_is_no_call(method: str, status: int) -> None:
    with pytest.raises(RefusalError) as caught:
        read_request([(n, method if n == ":method" else v) for n, v in CALL])
    assert caught.value.http_status == status


@pytest.mark.parametrize(
    "path", ["", "/", "*", "/a", "/a/", "//b", "/a/b/c", "/a/b?c", "/ä/b", "/a b/c", "/a/b\n", "/../b"]
)
def test_what_is_no_path_of_a_method_is_unimplemented(path: str) -> None:
    with pytest.raises(CallError) as caught:
        read_request([(n, path if n == ":path" else v) for n, v in CALL])
    assert caught.value.status is Status.UNIMPLEMENTED


def test_an_unknown_encoding_is_unimplemented_and_says_which_are_known() -> None:
    with pytest.raises(CallError, match="identity, gzip") as caught:
        read_request(changed(grpc_encoding="snappy"))
    assert caught.value.status is Status.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0n", 0), ("1H", 3600), ("2M", 120), ("3S", 3), ("100m", 0.1), ("5u", 5e-6), ("99999999H", 99_999_999 * 3600.0)],
)
def test_a_timeout_is_read_in_its_unit_and_has_an_end(text: str, seconds: float) -> None:
    assert parse_timeout(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1", "S", "-1S", "+1S", "1.5S", "123456789S", "1s", "1S ", " 1S", "１S", "1S\n"])
def test_what_is_no_timeout_is_an_invalid_argument(text: str) -> None:
    with pytest.raises(CallError) as caught:
        read_request([*CALL, ("grpc-timeout", text)])
    assert caught.value.status is Status.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0n"), (-3, "0n"), (0.5, "500000u"), (1.0, "1000000u"), (1e30, "99999999H"), (float("inf"), "99999999H")],
)
def test_a_timeout_is_written_in_the_finest_unit_that_holds_it(seconds: float, text: str) -> None:
    assert format_timeout(seconds) == text


@given(st.sampled_from(Status), st.text(max_size=300))
def test_a_status_and_its_text_arrive_as_one_line(status: Status, text: str) -> None:
    told = trailers(status, text)
    assert all(value.isascii() and value.isprintable() for _, value in told)
    found, message = read_status(told)
    assert found is status
    assert "\n" not in message
    assert message.isprintable()
    if text.isprintable():
        assert message == text.strip()


def test_a_text_is_cut_at_its_limit_and_no_lone_surrogate_ends_the_server() -> None:
    assert len(read_status(trailers(Status.INTERNAL, "ö" * 1024))[1]) == 1024
    assert len(read_status(trailers(Status.INTERNAL, "ö" * 1025))[1]) == 1024
    assert read_status(trailers(Status.INTERNAL, "a\udcffb")) == (Status.INTERNAL, "a?b")


@pytest.mark.parametrize("code", ["17", "-1", "", "x", "00000000000000", "１", "999999999999999999999"])
def test_an_unknown_code_is_unknown(code: str) -> None:
    assert read_status([("grpc-status", code)])[0] is Status.UNKNOWN


@pytest.mark.parametrize("text", ["%", "%zz", "%ff%fe", "100%", "%e2%82"])
def test_a_text_that_is_badly_written_is_shown_as_it_can_be(text: str) -> None:
    assert read_status([("grpc-status", "3"), ("grpc-message", text)])[0] is Status.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("code", "status"), [(401, 16), (403, 7), (404, 12), (400, 13), (429, 14), (503, 14), (418, 2)]
)
def test_an_http_status_stands_for_a_status(code: int, status: int) -> None:
    assert status_of_http(code) == status
    assert read_status([], http_status=code)[0] == status


@pytest.mark.parametrize(("code", "status"), [(0, 13), (7, 14), (8, 1), (11, 8), (12, 7), (99, 2)])
def test_a_reset_stands_for_a_status(code: int, status: int) -> None:
    assert status_of_reset(code) == status
