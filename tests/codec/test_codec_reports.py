"""A Report names the counter that says why an engine does not answer."""

import pytest

from codec import COUNTER32, V3, Message, PduType, Report, format_oid, parse_oid, report_of
from codec.oid import Oid


def message(name: Oid, *others: Oid, pdu_type: int = PduType.REPORT) -> Message:
    return Message(V3, b"", pdu_type, 1, 0, 0, [(each, COUNTER32, 1) for each in (name, *others)])


@pytest.mark.parametrize("report", Report)
def test_a_counter_is_known_with_and_without_its_instance(report: Report) -> None:
    assert report_of(message(report.instance)) == report
    assert report_of(message(report.value)) == report
    assert format_oid(report.instance) == f"{format_oid(report.value)}.0"


@pytest.mark.parametrize(
    ("report", "oid"),
    [  # RFC 3414 section 5, RFC 3412 section 5, RFC 3413 section 3
        (Report.UNSUPPORTED_LEVEL, "1.3.6.1.6.3.15.1.1.1.0"),
        (Report.NOT_IN_TIME_WINDOW, "1.3.6.1.6.3.15.1.1.2.0"),
        (Report.UNKNOWN_USER, "1.3.6.1.6.3.15.1.1.3.0"),
        (Report.UNKNOWN_ENGINE, "1.3.6.1.6.3.15.1.1.4.0"),
        (Report.WRONG_DIGEST, "1.3.6.1.6.3.15.1.1.5.0"),
        (Report.DECRYPTION_ERROR, "1.3.6.1.6.3.15.1.1.6.0"),
        (Report.UNKNOWN_MODEL, "1.3.6.1.6.3.11.2.1.1.0"),
        (Report.INVALID_MESSAGE, "1.3.6.1.6.3.11.2.1.2.0"),
        (Report.UNKNOWN_HANDLER, "1.3.6.1.6.3.11.2.1.3.0"),
        (Report.UNAVAILABLE_CONTEXT, "1.3.6.1.6.3.12.1.4.0"),
        (Report.UNKNOWN_CONTEXT, "1.3.6.1.6.3.12.1.5.0"),
    ],
)
def test_the_counters_are_those_of_the_rfcs(report: Report, oid: str) -> None:
    assert format_oid(report.instance) == oid


def test_the_first_varbind_counts() -> None:
    assert report_of(message(Report.UNKNOWN_USER.instance, Report.WRONG_DIGEST.instance)) == Report.UNKNOWN_USER


@pytest.mark.parametrize("oid", ["1.3.6.1.6.3.15.1.1.7.0", "1.3.6.1.6.3.15.1.1.1.1", "1.3.6.1.6.3.15.1.1", "0.0"])
def test_other_names_are_none(oid: str) -> None:
    assert report_of(message(parse_oid(oid))) is None


def test_a_report_of_nothing_and_other_messages_are_none() -> None:
    assert report_of(Message(V3, b"", PduType.REPORT, 1, 0, 0, [])) is None
    for pdu_type in set(PduType) - {PduType.REPORT}:
        assert report_of(message(Report.UNKNOWN_USER.instance, pdu_type=pdu_type)) is None
