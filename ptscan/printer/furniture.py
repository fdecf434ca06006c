"""Rows of a table of supplies that are no supplies but parts of the machine: trays, covers, doors, output bins.

A text must name such a part and nothing besides: ``Tray 1`` is one, ``Tray 1 Roller`` and ``Bac de récupération`` (a
waste box) are supplies.
"""

import re
import unicodedata
from typing import Final

_PARTS: Final = (
    "tray, trays, cassette, drawer, feeder, cover, door, bin, deck, stacker, mailbox, finisher, lct, lcit, "
    "fach, papierfach, kassette, papierkassette, schublade, zufuhr, abdeckung, klappe, tür, ausgabe, ausgabefach, "
    "ablage, bac, magasin, tiroir, capot, porte, chargeur, bandeja, gaveta, alimentador, cubierta, puerta, tampa, "
    "porta, vassoio, cassetto, coperchio, sportello, lade, papierlade, klep, deksel, fack, lucka, lokero, "
    "kansi, kasetti, skuff, papirskuff, bakke, papirbakke, låge, zásobník, podajnik, лоток, крышка, кассета, дверца, "
    "トレイ, 給紙トレイ, 手差しトレイ, カセット, 給紙カセット, カバー, 纸盒, 纸盘, 紙匣, 용지함"
)
_WHICH: Final = (
    "paper, input, output, media, multi, multipurpose, multifunction, mp, manual, bypass, by, pass, purpose, duplex, "
    "upper, lower, front, rear, back, side, left, right, top, bottom, main, standard, optional, large, capacity, high, "
    "universal, envelope, papier, mehrzweck, manuelle, einzug, obere, untere, vordere, hintere, rechte, linke, "
    "seitliche, papel, multiuso, frontal, trasera, superior, inferior, carta, anteriore, posteriore, avant, arrière, "
    "supérieur, inférieur, gauche, droit, droite, multifonction, alimentation, manuell, papper, papir, for, för, de, "
    "di, du, la, le"
)
_PART_WORDS: Final = frozenset(_PARTS.split(", "))
_WORDS: Final = _PART_WORDS | frozenset(_WHICH.split(", "))
_TOKENS: Final = re.compile(r"[^\W\d_]+|\d+")
MAX_NUMBERS: Final = 2
"""Numbers and single letters beside the name of a part: ``Tray 2``, ``Bin 1 A``."""


def is_furniture(text: str | None) -> bool:
    """Whether ``text`` names a part of the machine and nothing besides."""
    tokens = _TOKENS.findall(unicodedata.normalize("NFKC", text or "").casefold())
    words = {token for token in tokens if len(token) > 1 and not token.isdigit()}
    numbers = [token for token in tokens if token not in words]
    return words <= _WORDS and not words.isdisjoint(_PART_WORDS) and len(numbers) <= MAX_NUMBERS
