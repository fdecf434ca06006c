"""Problems of the field with text: octets in any charset, and what is no text, come over the wire and stay readable."""

import msgspec
import pytest

from ptscan.printer import DeviceReading, read_device
from ptscan.profiles import ProfileSet

from .stage import AT, PRINTER, played, session_with, told

LATIN_2, CYRILLIC, SHIFT_JIS, UTF_8, ROMAN_8, GB2312 = 5, 8, 17, 106, 2004, 2025

SUPPLY = "1.3.6.1.2.1.43.11.1.1.6.1.1"
DISPLAY = "1.3.6.1.2.1.43.16.5.1.2.1.1"
ALERT = "1.3.6.1.2.1.43.18.1.1"
LOCATION = "1.3.6.1.2.1.1.6.0"


async def read(profiles: ProfileSet, *rows: str) -> DeviceReading:
    async with played(told(PRINTER, *rows)) as (client, [place]):
        return await read_device(session_with(client, place), profiles, at=AT)


def row(oid: str, octets: bytes) -> str:
    return f"{oid}|4x|{octets.hex()}"


def speaks(charset: int, console: int) -> tuple[str, ...]:
    """Two localisations: the device's own, and the one in which its panel speaks."""
    return (
        "1.3.6.1.2.1.43.5.1.1.2.1|2|1",
        "1.3.6.1.2.1.43.5.1.1.10.1|2|2",
        f"1.3.6.1.2.1.43.7.1.1.4.1.1|2|{charset}",
        f"1.3.6.1.2.1.43.7.1.1.4.1.2|2|{console}",
    )


@pytest.mark.parametrize(
    ("codec", "charset", "supply", "panel"),
    [
        ("hp-roman8", ROMAN_8, "Schwarze Druckpatrone für Größe M", "Gerät wärmt auf"),
        ("iso8859-2", LATIN_2, "Żółty toner", "Otwórz pokrywę"),
        ("iso8859-5", CYRILLIC, "Чёрный тонер", "Замятие бумаги"),
        ("shift_jis", SHIFT_JIS, "ブラックトナー", "印刷できます"),
        ("gb2312", GB2312, "黑色粉盒", "请加纸"),
        ("utf-8", UTF_8, "黒トナー", "Prêt"),
    ],
)
async def test_problem_01_localised_text_is_read_by_the_charset_that_the_device_names(
    codec: str, charset: int, supply: str, panel: str, profiles: ProfileSet
) -> None:
    device = await read(
        profiles,
        *speaks(UTF_8, charset),
        row(SUPPLY, supply.encode()),
        row(DISPLAY, panel.encode(codec)),
        f"{ALERT}.2.1.1|2|3",
        f"{ALERT}.7.1.1|2|8",
        row(f"{ALERT}.8.1.1", panel.encode(codec)),
    )
    reading = device.reading
    assert (reading.supplies[0].description, reading.display) == (supply, [panel])
    assert reading.alerts[0].description == panel
    alone = await read(profiles, *speaks(charset, charset), row(SUPPLY, supply.encode(codec)))
    assert alone.reading.supplies[0].description == supply


@pytest.mark.parametrize("codec", ["utf-8", "latin-1"])
async def test_problem_01_what_is_not_localised_is_utf8_or_else_latin1(codec: str, profiles: ProfileSet) -> None:
    device = await read(profiles, row(LOCATION, "Büro Süd, 2º".encode(codec)))
    assert device.reading.identity.location == "Büro Süd, 2º"


async def test_problem_02_east_asian_names_are_whole_and_their_octets_are_kept_as_they_came(
    profiles: ProfileSet,
) -> None:
    octets = "シアントナー".encode("shift_jis")
    device = await read(profiles, *speaks(SHIFT_JIS, SHIFT_JIS), row(SUPPLY, octets))
    supply = device.reading.supplies[0]
    assert (supply.description, supply.color) == ("シアントナー", "cyan")
    unsaid = await read(profiles, row(SUPPLY, octets), row(LOCATION, octets))  # it names no charset
    for text in (unsaid.reading.supplies[0].description, unsaid.reading.identity.location):
        assert text
        assert not set(text) & set("\ufffd?.")
    kept = {item.path: item.varbind for item in unsaid.evidence}["identity.location"]
    assert kept is not None
    assert kept[2] == octets


async def test_problem_03_nul_controls_and_blanks_leave_one_clean_line(profiles: ProfileSet) -> None:
    device = await read(
        profiles,
        row(LOCATION, b"2nd floor\0\xff\xff\xff\xff garbage of the buffer"),
        row(SUPPLY, b"  Black\r\n   Toner \t \x07"),
        row("1.3.6.1.2.1.43.5.1.1.17.1", b"  EX100-00042   \0\0\0\0"),
        row("1.3.6.1.2.1.1.5.0", b"\0\0\0\0"),
        row("1.3.6.1.2.1.1.4.0", b" \r\n "),
    )
    who = device.reading.identity
    assert (who.location, who.serial) == ("2nd floor", "EX100-00042")
    assert device.reading.supplies[0].description == "Black Toner"
    assert (who.name, who.contact) == (None, None)
    assert {"identity.name", "identity.contact"} <= set(device.reading.missing)
    written = msgspec.json.encode(device.reading)
    assert not set(written) & {*range(0x20), 0x7F}
    assert b"\\u00" not in written
