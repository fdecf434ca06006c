"""Models as data: what comes with ptscan is whole, and what is wrong in a file is named."""

import re
from pathlib import Path

import pytest

from ptscan.errors import InputError
from ptscan.simulator import ModelError
from ptscan.simulator.facts import find_fact
from ptscan.simulator.fleet import FleetDevice, Model
from ptscan.simulator.model import (
    IdentityPart,
    InterfacePart,
    ModelFile,
    PagesPart,
    PanelPart,
    SupplyPart,
    TrayPart,
    VendorPart,
    parse_model,
)
from ptscan.simulator.model_files import MODELS, load_models

GOOD = """
name = "small"
kind = "printer"
share = 1
tells = ["total"]

[identity]
maker = "Maker"
model = "Maker One"
object_id = "1.3.6.1.4.1.62999.1"
description = "Maker One"
host = "one-{tail}"
oui = "0250f2"
serial = "M######"

[pages]
start = [100, 200]
job = [1, 2]
every = [100, 200]
per_minute = 10
mix = { print_mono = 100 }

[[supply]]
kind = "toner"
description = "Toner {serial} für Maker One"
life = 1000

[[tray]]
name = "Tray"
capacity = 100

[vendor]
rows = '''
1.3.6.1.4.1.62999.1.1|65|{total}
'''
"""


ANOTHER_SUPPLY = "\n[[supply]]\nkind = 'opc'\ndescription = 'Drum'\nlife = 900\n"

# What some vendors tell in parts, and one part of it.
PARTS = {
    "color": "color_small",
    "fax_mono": "fax",
    "copy": "copy_mono",
    "copy_color": "copy_full",
    "mono": "mono_small",
    "print": "print_mono",
    "print_color": "print_full",
    "scan": "scan_sent",
    "scan_sent": "scan_color",
}


def compiled(text: str) -> Model:
    return Model(parse_model(text, "small.toml"))


def test_a_small_model_is_played() -> None:
    device = FleetDevice(compiled(GOOD), seed=1, index=0)
    truth = device.truth(0)
    assert truth.model == "Maker One"
    assert 100 <= truth.meters["total"] <= 202


@pytest.mark.parametrize("model", load_models(), ids=lambda model: model.name)
def test_every_model_that_comes_with_ptscan_is_whole(model: ModelFile) -> None:
    rows = Model(model).table
    assert len(rows.oids) > 20
    told = model.vendor.rows
    for meter in model.tells:
        fact = model.tells_as.get(meter, meter)
        names = (f"{{{fact}}}", f"{{{fact}:u32}}", f"{{{PARTS.get(fact)}}}")
        assert meter in ("total", "mono", "two_color") or any(name in told for name in names), meter


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("share = 1", "share = ", "not TOML"),
        ("share = 1", "share = 0", "share: is not positive"),
        ("share = 1", "share = 1\ncolour = 3", "unknown field `colour`"),
        ("share = 1", "share = 1\ncharset = 5", "charset: 5 is none of 3, 4, 106, 2004"),
        ('kind = "printer"', 'kind = "toaster"', "kind"),
        ('kind = "printer"', 'kind = "other"', "pages: belong to every printer and to nothing else"),
        ('["total"]', '["everything"]', "tells: 'everything' is none of total"),
        ('oui = "0250f2"', 'oui = "0250"', "identity.oui: is not three octets"),
        ("M######", "M#####", "identity.serial: needs at least six #"),
        ("print_mono = 100", "print_mono = 99", "pages.mix: shares of print_mono"),
        ("print_mono = 100", "print_mono = 100, foo = 0", "pages.mix: shares of print_mono"),
        ("start = [100, 200]", "start = [200, 100]", "pages.start: is not a range"),
        ("start = [100, 200]", "start = [100]", "pages.start"),
        ("every = [100, 200]", "every = [20, 200]", "pages.every: leaves too little time"),
        ("life = 1000", "life = 99", "supply 1: life is below 100"),
        ("life = 1000", 'life = 1000\ntells = "units"', "supply 1: life is below 100 sides, or a capacity"),
        (
            "life = 1000",
            "life = 1000\nhidden = true\n[[supply]]\nkind = 'toner'\ndescription = ''\nlife = 1000",
            "supply: one",
        ),
        ("share = 1", "share = 1\ntells_as = { total = 'all' }", "tells: 'all' is none of total"),
        ("share = 1", "share = 1\nlacks = ['toner']", "lacks"),
        ("per_minute = 10", "per_minute = 10\nlarge = 101", "pages.large: is not from 0 to 100"),
        ("capacity = 100", "capacity = 0", "tray 1: capacity is not positive"),
        ("|65|{total}", "|65|{totall}", "'totall' is no fact of this model"),
        ("|65|{total}", "|65|{supply.2.level}", "'supply.2.level' is no fact of this model"),
        ("|65|{total}", "|65|1{total}", "a number is a number or one fact"),
        ("|65|{total}", "|6|1.3.{total}", "no fact can stand in a value of this type"),
        ("|65|{total}", "|4|{total", "brace"),
        ("|65|{total}", "|4x|zz{total:u32}", "non-hexadecimal"),
        ("|65|{total}", "|4x|00{total:u64}", "brace"),
        ("share = 1", "share = 1\ncharset = 3", "can't be written in ascii"),
        ("one-{tail}", "one-{who}", "identity.host: has braces round something else"),
        ('"0250f2"', '"0250fx"', "identity.oui: is not three octets"),
        ("|65|{total}", "|65x|zz", "is not hexadecimal octets"),
        ("|65|{total}", "|x|{total}", "|x|{total}"),
        ("|65|{total}", "|65|1\n1.3.6.1.4.1.62999.1.1|65|2", "stands more than once"),
        ("1.3.6.1.4.1.62999.1.1|", "1.3.6.1.2.1.1.1.0|", "stands more than once"),
    ],
)
def test_what_is_wrong_in_a_model_is_named(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    with pytest.raises(ModelError) as caught:
        compiled(GOOD.replace(old, new))
    assert fault in str(caught.value)
    assert isinstance(caught.value, InputError)


def test_half_an_index_tells_no_two_supplies_apart() -> None:
    half = GOOD.replace("share = 1", "share = 1\nshort_supply_index = true")
    assert compiled(half)
    with pytest.raises(ModelError, match="needs a single supply"):
        compiled(half.replace("\n[[tray]]", f"{ANOTHER_SUPPLY}[[tray]]"))


def test_a_model_is_named_like_its_file(tmp_path: Path) -> None:
    (tmp_path / "large.toml").write_text(GOOD)
    with pytest.raises(ModelError, match="'small' is not the name of its file"):
        load_models(tmp_path)


def test_every_fact_that_is_documented_exists() -> None:
    printer = next(model for model in load_models() if model.name == "hp-color-mfp")
    text = (MODELS / "FORMAT.md").read_text("utf-8")
    table = text[text.index("| fact | value |") :]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    named = [name for cell in cells for name in re.findall(r"`([a-z_.N]+)`", cell)]
    assert len(named) > 50
    for name in named:
        whole = name.replace("N", "1") if "." in name or name in ("ticks", "serial") else name
        known = find_fact(whole, printer) or find_fact(f"alert.1.{name}", printer)
        assert known is not None, name


def test_every_key_that_a_model_may_have_is_documented() -> None:
    text = (MODELS / "FORMAT.md").read_text("utf-8")
    for part in (ModelFile, IdentityPart, InterfacePart, PagesPart, PanelPart, SupplyPart, TrayPart, VendorPart):
        for key in part.__struct_fields__:
            assert f"`{key}`" in text or f"[{key}]" in text, key
