"""A profile as a page for people: what is read of a vendor's printers, from where, and how sure that is. Pure.

The pages of ``docs/vendors`` are these, and ``ptscan profile show`` prints them.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from ptscan.profiles import schema
from ptscan.profiles.meters import METERS
from ptscan.profiles.profile import Profile

_NAMES: Final = {"1.3.6.1.2.1.1.1.0": "sysDescr", "1.3.6.1.2.1.1.2.0": "sysObjectID"}
_NO_VENDORS: Final = frozenset({"not-printers"})
_HEAD: Final = ("field", "what the vendor calls it", "object", "how", "sure", "why")


def describe(profile: Profile) -> str:
    """Return the page of ``profile`` as Markdown, with a line feed at its end."""
    form = profile.form
    parts = [
        f"# {form.vendor or form.name}\n",
        f"From the profile `{form.name}`. Source, where a line names no other: {_prose(form.source)}.\n",
        *_section("How its printers are known", _knowing(form)),
        *_table("Identity", form, "identity."),
        *_table("Meters", form, "meters."),
        *_section("", [f"- `{item.meter}` is also the sum of {_parts(item.of)}." for item in form.sums]),
        *_section(
            "What must add up",
            [f"- {_parts(item.of)} = `{item.total}`{_within(item.tolerance)}" for item in form.checks],
        ),
        *_table("Supplies", form, "supplies."),
        *_section("Levels", _levels(form)),
        *_table("Display", form, "display."),
        *_section("What may be asked", _asking(form)),
    ]
    return "\n".join(parts)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    body = list(lines)
    if body:
        yield (f"## {title}\n" if title else "") + "\n".join(body) + "\n"


def _knowing(form: schema.ProfileFile) -> Iterator[str]:
    match = form.match
    for what, values in (
        ("sysObjectID below", match.sys_object_id),
        ("answers also under", match.family),
        ("sysDescr like", match.texts),
        ("hrDeviceDescr like", match.models),
        ("its print server boards in printers of any brand", match.boards),
        ("`MFG` of the IEEE 1284 id", match.mfg),
        ("objects that only its printers have", match.trees),
        ("no printers: sysObjectID below", form.other.sys_object_id),
        ("no printers: sysDescr like", form.other.texts),
    ):
        if values:
            yield f"- {what}: " + ", ".join(map(_code, values))
    if form.brands:
        yield "- names on the case: " + ", ".join(dict.fromkeys(brand.name for brand in form.brands))
    if match.also:
        made = ", ".join(f"[{name}]({name}.md)" for name in match.also)
        yield f"- some of its printers are made by others, and read as theirs where their objects answer: {made}"


def _table(title: str, form: schema.ProfileFile, section: str) -> Iterator[str]:
    rows = [row for row in _rows(form) if row[0].startswith(section)]
    if rows:
        lines = ["| " + " | ".join(_HEAD) + " |", "| --- | --- | --- | --- | --- | --- |"]
        lines += ["| " + " | ".join((f"`{row[0].removeprefix(section)}`", *row[1:])) + " |" for row in rows]
        yield f"## {title}\n" + "\n".join(lines) + "\n"


def _rows(form: schema.ProfileFile) -> Iterator[tuple[str, ...]]:
    """One row for each field of each rule: the columns of _HEAD."""
    for table in form.tables:
        by_label: dict[str, list[str]] = {}
        for text, meter in table.labels.items():
            by_label.setdefault(meter, []).append(text)
        for meter, texts in by_label.items():
            called = " · ".join(_prose(table.names.get(text, text)) for text in texts)
            how = "type code " + ", ".join(texts) if all(map(str.isdigit, texts)) else "the label beside"
            how = how if not table.add else f"{how}, rows added up"
            how = how if not table.unit else f"{how}, in unit {' or '.join(table.units)} alone"
            yield _row(
                f"meters.{meter}", "" if called in texts and called.isdigit() else called, table.value, how, table
            )
        for index, meter in table.index.items():
            if table.label is None or not table.walk or meter not in by_label:
                called = _prose(table.names.get(index, ""))
                yield _row(f"meters.{meter}", called, f"{table.value}.{index}", "the vendor's code in the index", table)
    for record in form.records:
        for name, field in record.fields.items():
            called = _prose(record.names.get(name, ""))
            yield _row(field, called, record.oid, f"record {name} of `{record.decoder}`", record)
    for scalar in form.scalars:
        how = f"its key {scalar.key}" if scalar.key else "cut out of the text" if scalar.pattern else ""
        how = how or {"pml": "without its two-octet header"}.get(scalar.format, "as it stands")
        yield _row(scalar.field, _prose(scalar.label or ""), scalar.oid, how, scalar)
    for supply in form.supplies:
        left = "percent" if supply.percent else "percent of the capacity"
        told = [left, *(name for name in ("description", "serial", "part_number") if getattr(supply, name))]
        how = "the name beside" if supply.name else "the codes of kind and colour beside"
        for kind in dict.fromkeys((*supply.names.values(), *(f"{kind}:" for kind in supply.types.values()))):
            called = " · ".join(_prose(name) for name, to in supply.names.items() if to == kind)
            yield _row(f"supplies.{kind}", called, supply.percent or supply.level or "", how + ": " + ", ".join(told),
                       supply)  # fmt: skip


def _row(field: str, called: str, oid: str, how: str, rule: schema.Rule) -> tuple[str, ...]:
    models = [f"only {_code(_prose(rule.only))}"] if rule.only else []
    models += [f"not {_code(_prose(rule.unless))}"] if rule.unless else []
    why = "; ".join([*([_prose(rule.source)] if rule.source else []), *models])
    return field, called, _code(_NAMES.get(oid, oid)), how, rule.confidence, why


def _levels(form: schema.ProfileFile) -> Iterator[str]:
    for code, state in form.level_codes.items():
        yield f"- {code} in prtMarkerSuppliesLevel means `{state}`"
    for item in form.coarse:
        steps = ", ".join(map(str, item.levels))
        why = _prose(item.source)
        yield f"- models like {_code(item.pattern)} know the levels {steps} only ({why}): they are marked `coarse`"


def _asking(form: schema.ProfileFile) -> Iterator[str]:
    if form.allow:
        yield "- of its own objects, only below " + ", ".join(map(_code, form.allow))
    if form.never_ask:
        yield "- never below " + ", ".join(map(_code, form.never_ask))
    for item in form.fragile:
        yield f"- models like {_code(item.pattern)} are asked for nothing of the vendor's: {_prose(item.source)}"


def _parts(names: Iterable[str]) -> str:
    return " + ".join(f"`{name.removesuffix('?').strip('_')}`" + (" (if told)" if name.endswith("?") else "")
                      for name in names)  # fmt: skip


def _within(tolerance: float) -> str:
    return f", within {tolerance * 100:g} %" if tolerance else ""


def _code(text: str) -> str:
    return f"`{text}`"


def _prose(text: str) -> str:
    """What may stand in a cell and before a full stop."""
    return text.replace("|", "\\|").rstrip(".")


def describe_all(profiles: Iterable[Profile]) -> dict[str, str]:
    """Return the pages of all ``profiles`` by file name, and ``index.md``, which lists them."""
    shown = sorted((one for one in profiles if one.name not in _NO_VENDORS), key=lambda one: one.name)
    lines = ["| profile | vendor | meters | its own objects | names on the case |", "| --- | --- | --- | --- | --- |"]
    for profile in shown:
        meters = {row[0].removeprefix("meters.") for row in _rows(profile.form) if row[0].startswith("meters.")}
        meters |= {item.meter for item in profile.form.sums}
        objects = len(profile.ask.scalars) + sum(map(len, profile.ask.tables))
        told = ", ".join(name for name in METERS if name in meters)
        brands = ", ".join(dict.fromkeys(brand.name for brand in profile.form.brands))
        lines.append(
            f"| [{profile.name}]({profile.name}.md) | {profile.vendor} | {told} | {objects or ''} | {brands} |"
        )
    head = (
        "# Vendors\n\n"
        "What is read of each vendor's printers beyond [the standard MIBs](../reading.md), from where, and how sure "
        "that is.\nThese pages are made from [the profiles](../../ptscan/profiles/FORMAT.md) by `make docs`.\n"
    )
    return {"index.md": "\n".join((head, *lines, "")), **{f"{one.name}.md": describe(one) for one in shown}}
