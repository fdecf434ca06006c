"""Who a printer is: each field of its identity from the source that knows it best; none from a placeholder."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from codec import Oid, Varbind
from proto_schema import Identity
from ptscan.printer import standard
from ptscan.printer.evidence import Ledger
from ptscan.printer.facts import Facts, book_fact, fact_text
from ptscan.printer.macs import better_mac, choose_mac, mac_text, say_placeholders
from ptscan.printer.placeholders import is_label, serial_fault
from ptscan.printer.rows import Columns, Index, oid_text
from ptscan.printer.text import decode_text
from ptscan.profiles import Fact, ieee1284

_NAMES: Final = frozenset({"manufacturer", "model", "serial", "firmware", "asset"})
"""The fields in which a dash means that there is nothing."""


def without_maker(model: str, makers: Iterable[str]) -> str:
    """Cut the maker's names off the front of the model's, where something is left: ``OKI DATA CORP C610`` is a C610."""
    names = {tuple(re.findall(r"[^\W_]+", maker)) for maker in makers} - {()}
    words = "|".join(r"[\W_]+".join(map(re.escape, name)) for name in sorted(names, key=len, reverse=True))
    cut = re.sub(rf"^(?:(?:{words})(?:\(R\)|®)?[\s_-]+)+", "", model, flags=re.IGNORECASE) if words else model
    return cut or model


def read_identity(
    values: Mapping[Oid, Varbind],
    columns: Columns,
    device: Index | None,
    facts: Facts,
    ledger: Ledger,
    *,
    makers: Sequence[str] = (),
) -> Identity:
    """Return who the printer is; a placeholder for a serial is refused, and the next source is asked.

    ``makers`` are the names under which the matched profiles' vendors write themselves.
    """
    fields: dict[str, str | None] = {}

    def keep(name: str, text: str | None, proof: Varbind | Fact, rule: str = "") -> None:
        if text is None or name in fields or (name in _NAMES and not any(map(str.isalnum, text))):
            return
        if name == "serial" and (fault := serial_fault(text, _called(fields))) is not None:
            ledger.problem("placeholder-serial", f"The serial {text!r} is a placeholder and was refused: it {fault}.")
            return
        if name == "serial" and is_label(text):
            said = f"The serial {text!r} is the name of the field: it is reported, but the device is not known by it."
            ledger.problem("placeholder-serial", said)
        if name == "model":
            # Some put the whole device ID there, some append their firmware ("AltaLink C8045; SS 100.002…").
            if (named := ieee1284(text.encode()).get("MDL")) is not None:
                text = named.decode()
            text = without_maker(text.partition(";")[0].rstrip() or text, (*makers, fields.get("manufacturer") or ""))
        fields[name] = text
        if isinstance(proof, Fact):
            book_fact(ledger, f"identity.{name}", text, proof)
        else:
            ledger.book(f"identity.{name}", text, proof, rule=rule)

    def take(name: str, varbind: Varbind | None = None, rule: str = "") -> None:
        """Ask the facts that know better than the standard, then the standard, then the other facts."""
        for prefer in ("own", "standard"):
            for fact in facts.get(f"identity.{name}", ()):
                if fact.prefer == prefer:
                    keep(name, fact_text(fact), fact)
            if prefer == "own" and varbind and isinstance(varbind[2], bytes):
                keep(name, decode_text(varbind[2]), varbind, rule)

    descriptions = columns.column(standard.HR_DEVICE_DESCR)
    take("manufacturer")
    take("model", descriptions.get(device) if device else None, "hrDeviceDescr of the printer's row")
    serials = columns.column(standard.PRT_GENERAL_SERIAL_NUMBER)
    own_row = serials.get(device) if device else None
    take("serial", own_row or columns.first(standard.PRT_GENERAL_SERIAL_NUMBER), "prtGeneralSerialNumber")
    take("firmware")
    take("asset")
    take("name", values.get(standard.SYS_NAME), "sysName")
    take("name", columns.first(standard.PRT_GENERAL_PRINTER_NAME), "prtGeneralPrinterName")
    take("location", values.get(standard.SYS_LOCATION), "sysLocation")
    take("contact", values.get(standard.SYS_CONTACT), "sysContact")
    take("description", values.get(standard.SYS_DESCR), "sysDescr")
    chosen = choose_mac(columns)
    if (fact := better_mac(chosen, facts.get("identity.mac", ()))) is not None:
        keep("mac", mac_text(fact.value), fact)
    elif chosen is not None:
        keep("mac", *chosen, "ifPhysAddress: a cable before Wi-Fi, no loopback")
    say_placeholders(columns, fields.get("mac"), ledger)
    object_id = values.get(standard.SYS_OBJECT_ID)
    if object_id and (dotted := oid_text(object_id)) is not None:
        keep("sys_object_id", dotted, object_id, "sysObjectID")
    return Identity(**fields)


def _called(fields: Mapping[str, str | None]) -> list[str]:
    """What a device may have put in the place of its serial."""
    maker, model = fields.get("manufacturer") or "", fields.get("model") or ""
    return [maker, model, f"{maker} {model}"]
