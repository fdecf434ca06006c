"""Where a collector is, as a person types it; findings."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto_schema import Finding
from ptscan.agent import Place, PlaceError, parse_place
from ptscan.agent.findings import Findings


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("https://collector.example:7443", Place("collector.example", 7443)),
        ("https://collector.example", Place("collector.example", 7443)),
        ("https://collector.example/", Place("collector.example", 7443)),
        ("HTTPS://Collector.Example", Place("collector.example", 7443)),
        ("collector.example", Place("collector.example", 7443)),
        ("collector.example:443", Place("collector.example", 443)),
        ("  collector  ", Place("collector", 7443)),
        ("10.0.0.1:65535", Place("10.0.0.1", 65_535)),
        ("[2001:db8::1]:443", Place("2001:db8::1", 443)),
        ("https://[::1]", Place("::1", 7443)),
        ("::1", Place("::1", 7443)),
        ("2001:db8::7443", Place("2001:db8::7443", 7443)),
    ],
)
def test_what_a_person_types_is_a_place(text: str, place: Place) -> None:
    assert parse_place(text) == place
    assert parse_place(str(place)) == place


@pytest.mark.parametrize(
    "text",
    ["", "http://collector.example", "ftp://x", "https://", "collector:0", "collector:65536", "collector:x",
     "https://collector/path", "https://collector?a=b", "https://collector#a", "https://user:hidden@collector",
     "a b", "a\nb", "-x", "https://[::1", "[not-an-address]", "x" * 300, "collector:-1"],
)  # fmt: skip
def test_what_is_no_place_is_refused_with_a_mend_on_one_line(text: str) -> None:
    with pytest.raises(PlaceError) as caught:
        parse_place(text)
    said = str(caught.value)
    assert "write it as" in said
    assert "\n" not in said
    assert "hidden" not in said
    assert caught.value.exit_code == 2


@given(st.text(max_size=80))
def test_any_text_is_a_place_or_refused(text: str) -> None:
    said = ""
    try:
        place = parse_place(text)
    except PlaceError as error:
        said = str(error)
    else:
        assert parse_place(str(place)) == place
    assert said.isprintable()


def test_a_finding_is_there_once_until_it_is_taken_back() -> None:
    findings = Findings()
    findings.tell("clock-behind", "a minute")
    findings.tell("refused", "x" * 2_000, "y" * 2_000)
    findings.tell("clock-behind", "an hour", "set it")
    assert findings.current[0] == Finding(code="clock-behind", text="an hour", mend="set it")
    msgspec.msgpack.decode(msgspec.msgpack.encode(findings.current), type=list[Finding])
    findings.clear("clock-behind", "never-was")
    assert [finding.code for finding in findings.current] == ["refused"]
