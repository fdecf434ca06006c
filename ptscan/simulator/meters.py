"""Every meter that a printer keeps, worked out from the sides that it printed of each kind; pure.

No meter may fall while its kinds grow. A share is therefore a floor of one meter that grows, and what remains of that
meter beside it; a third part is cut from the remainder in the same way.
"""

from collections.abc import Mapping

from ptscan.simulator.model import PagesPart

_FAXES_SENT_PERCENT = 50  # sides scanned to be faxed, of those received
_COLOR_SCANS_PERCENT = 40
_JAMMED_PER_MILLE = 3  # sides picked that never came out


def count_meters(kinds: Mapping[str, int], pages: PagesPart) -> dict[str, int]:
    """The meters of ``vocabulary.METERS``, from sides by kind (``vocabulary.PAGE_KINDS``)."""
    total = sum(kinds.values())
    copy = kinds["copy_mono"] + kinds["copy_color"]
    color = kinds["print_color"] + kinds["copy_color"]
    mono = total - color
    copy_single = kinds["copy_color"] // 5
    print_single = kinds["print_color"] // 8
    duplex = total * pages.duplex // 100
    sent = total * pages.scans // 100
    scan_color = sent * _COLOR_SCANS_PERCENT // 100
    fax_sent = kinds["fax"] * _FAXES_SENT_PERCENT // 100
    return {
        **kinds,
        **_sizes(mono, color, pages),
        **_functions_by_size(kinds, pages),
        **_lengths(total, pages.millimeters),
        "total": total,
        "picked": total + total * _JAMMED_PER_MILLE // 1000,
        "color": color,
        "mono": mono,
        "print": kinds["print_mono"] + kinds["print_color"],
        "copy": copy,
        "fax_mono": kinds["fax"],
        "duplex": duplex,
        "duplex_sheets": duplex // 2,
        "sheets": total - duplex // 2,
        "scan": copy + sent,
        "scan_sent": sent,
        "scan_mono": sent - scan_color,
        "scan_color": scan_color,
        "fax_sent": fax_sent,
        "sent": sent + fax_sent,
        "sent_mono": sent - scan_color + fax_sent,
        "copy_single": copy_single,
        "copy_full": kinds["copy_color"] - copy_single,
        "print_single": print_single,
        "print_full": kinds["print_color"] - print_single,
        "single_color": copy_single + print_single,
        "two_color": 0,
        "full_color": color - copy_single - print_single,
    }


def _sizes(mono: int, color: int, pages: PagesPart) -> dict[str, int]:
    """Sides by size: ``ledger`` of the large ones, ``legal`` of the small ones, ``letter`` of what is no legal."""
    sizes = {}
    for name, sides in (("mono", mono), ("color", color)):
        large = sides * pages.large // 100
        ledger = large * pages.ledger // 100
        small = sides - large
        legal = small * pages.legal // 100
        letter = (small - legal) * pages.letter // 100
        sizes[f"{name}_large"] = large
        sizes[f"{name}_small"] = small
        sizes[f"a3_{name}"] = large - ledger
        sizes[f"ledger_{name}"] = ledger
        sizes[f"legal_{name}"] = legal
        sizes[f"letter_{name}"] = letter
        sizes[f"a4_{name}"] = small - legal - letter
    for size in ("a3", "a4", "ledger", "legal", "letter"):
        sizes[size] = sizes[f"{size}_mono"] + sizes[f"{size}_color"]
    sizes["large"] = sizes["mono_large"] + sizes["color_large"]
    sizes["small"] = sizes["mono_small"] + sizes["color_small"]
    return sizes


def _functions_by_size(kinds: Mapping[str, int], pages: PagesPart) -> dict[str, int]:
    sizes = {}
    for kind in ("print_mono", "print_color", "copy_mono", "copy_color"):
        large = kinds[kind] * pages.large // 100
        sizes[f"{kind}_large"] = large
        sizes[f"{kind}_small"] = kinds[kind] - large
    return sizes


def _lengths(total: int, millimeters: int) -> dict[str, int]:
    """How much media went through a printer that counts lengths, each side so many millimetres long."""
    length = total * millimeters
    return {
        "length_inches": length * 10 // 254,
        "length_feet": length * 10 // 3_048,
        "length_centimeters": length // 10,
        "length_meters": length // 1_000,
    }
