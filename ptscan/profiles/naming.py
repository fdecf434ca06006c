"""Texts of single objects: who made a printer, what it is called, its serial, firmware and display."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from codec import Oid, Varbind, parse_oid
from ptscan.profiles.decoders import ieee1284, pml_text
from ptscan.profiles.fact import Fact, fact
from ptscan.profiles.profile import Profile, ScalarRule
from ptscan.profiles.values import count, octets

_ALNUM: Final = re.compile(r"[^\W_]")
_SYS_DESCR: Final = parse_oid("1.3.6.1.2.1.1.1.0")
_SYS_OBJECT_ID: Final = parse_oid("1.3.6.1.2.1.1.2.0")
_HR_DEVICE_DESCR: Final = parse_oid("1.3.6.1.2.1.25.3.2.1.3")
_NOBODY: Final = frozenset({b"generic", b"unknown", b"none", b"oem", b"manufacturer"})
"""What stands for a maker in the IEEE 1284 ids of machines that are sold under many names."""
_MAC_OCTETS: Final = 6


def text_facts(profile: Profile, values: Mapping[Oid, Varbind]) -> Iterator[Fact]:
    """What the scalars of a profile tell that is no meter."""
    for rule in profile.scalars:
        varbind = values.get(rule.oid)
        if varbind is None or rule.field.startswith("meters."):
            continue
        value = _value(rule, varbind)
        if value is not None:
            yield fact(profile, rule, rule.field, value, varbind, how=_how(rule), prefer=rule.prefer)


def _value(rule: ScalarRule, varbind: Varbind) -> float | bytes | None:
    if rule.field.endswith(".percent"):
        percent = count(varbind)
        return float(percent) if percent is not None and percent <= 100 else None
    text = octets(varbind)
    if text is None:
        return None
    if rule.field == "identity.mac" and len(text) == _MAC_OCTETS:
        return text  # octets and no text: a blank or a NUL is part of it
    return _cut(rule, text)


def _how(rule: ScalarRule) -> str:
    how = "scalar" if rule.format == "plain" else f"scalar, {rule.format}"
    if rule.key is not None:
        how = f"IEEE 1284 key {rule.key}"
    elif rule.pattern is not None:
        how = f"pattern {rule.pattern.texts[0]}"
    return f"{rule.label}: {how}" if rule.label else how


def _cut(rule: ScalarRule, text: bytes) -> bytes | None:
    """The octets that a rule keeps of a text, or None where nothing is left."""
    if rule.format == "pml":
        text = pml_text(text)
    elif rule.key is not None:
        text = ieee1284(text).get(rule.key, b"")
    if rule.pattern is not None:
        # Latin-1 gives every octet a character, so that what is cut out turns back into the device's own octets.
        match = rule.pattern.search(text.decode("latin-1"))
        text = (match[1] or "").encode("latin-1") if match else b""
    text = text.strip(b" \t\r\n\0")
    plain = text.decode("latin-1")
    if plain.casefold() in rule.skip or (rule.field.startswith("identity.") and not _ALNUM.search(plain)):
        return None
    return text or None


def manufacturer(profile: Profile, values: Mapping[Oid, Varbind]) -> Iterator[Fact]:
    """Who made the printer: a brand that its texts name, the maker of its IEEE 1284 id, else the profile's vendor."""
    models = {rule.oid for rule in profile.scalars if rule.field == "identity.model"}
    texts = [varbind for oid, varbind in values.items() if _names_a_maker(varbind) or oid in models]
    makers = [(ieee1284(octets(varbind) or b"").get("MFG"), varbind) for varbind in texts]

    def named(name: str | bytes, varbind: Varbind, rule: str, *, sure: bool = True) -> Fact:
        return Fact(
            field="identity.manufacturer", value=name, raw=varbind, profile=profile.name, rule=rule,
            confidence="high" if sure else "medium", source=profile.source, prefer="own",
        )  # fmt: skip

    for pattern, name in profile.brands:
        for text, varbind in (*makers, *((octets(varbind), varbind) for varbind in texts)):
            if text and pattern.search(text.decode("latin-1")):
                yield named(name, varbind, f"brand {pattern.texts[0]}")
    for maker, varbind in makers:
        if maker is not None and maker.lower() not in _NOBODY and not profile.makes(maker.decode("latin-1")):
            yield named(maker, varbind, "IEEE 1284 key MFG")
    evidence = values.get(_SYS_OBJECT_ID) or next(iter(texts), None)
    if evidence is None:
        evidence = next((item for oid, item in values.items() if oid.startswith(profile.trees)), None)
    if profile.vendor and evidence is not None:
        yield named(profile.vendor, evidence, "vendor of the profile", sure=False)


def _names_a_maker(varbind: Varbind) -> bool:
    """Whether this is sysDescr, hrDeviceDescr or an IEEE 1284 id, wherever the device keeps it."""
    oid, _, value = varbind
    if not isinstance(value, bytes):
        return False
    return oid == _SYS_DESCR or oid.startswith(_HR_DEVICE_DESCR) or (b";" in value and "MFG" in ieee1284(value))
