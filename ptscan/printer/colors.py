"""Which colour a supply has, from the word that the device uses."""

import re
from typing import Final

# RFC 3805 section 6, prtMarkerColorantValue, and what consoles say in other languages. Longest names first: a
# "light cyan" is no cyan, a "photo black" is one, and a "matte black" too, but each is its own ink.
_NAMES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("light-cyan", ("light cyan", "lightcyan", "photo cyan", "photocyan", "hellcyan", "cyan clair")),
    ("light-magenta", ("light magenta", "lightmagenta", "photo magenta", "photomagenta", "hellmagenta", "magenta clair")),
    ("light-black", ("light black", "lightblack", "light light black")),
    ("matte-black", ("matte black", "matteblack", "matt black", "mattschwarz", "noir mat")),
    ("photo-black", ("photo black", "photoblack", "fotoschwarz", "noir photo")),
    ("light-gray", ("light gray", "light grey", "lightgray", "lightgrey", "hellgrau")),
    ("gray", ("gray", "grey", "grau", "gris", "grigio", "cinza", "grijs")),
    ("tri-color", ("tri-color", "tricolor", "tri-colour", "tri colour", "tri color", "three-color", "cmy", "dreifarbig",
                   "trois couleurs", "color cartridge", "colour cartridge")),
    ("black", ("black", "schwarz", "noir", "noire", "nero", "negro", "preto", "svart", "sort", "zwart", "musta",
               "czarny", "černá", "černý", "fekete", "negru", "чёрный", "черный", "siyah", "ブラック", "黑色", "黒", "검정",
               "crna", "čierna", "črna", "must", "μαύρο")),
    ("cyan", ("cyan", "ciano", "cian", "cyaan", "syaani", "azurová", "cyjan", "голубой", "シアン", "青色", "시안", "azul cian",
              "cijan", "κυανό")),
    ("magenta", ("magenta", "purpurová", "пурпурный", "マゼンタ", "品红色", "마젠타", "bíbor", "ματζέντα")),
    ("yellow", ("yellow", "gelb", "jaune", "giallo", "amarillo", "amarelo", "gul", "geel", "keltainen", "žlutá", "żółty",
                "sárga", "galben", "желтый", "жёлтый", "sarı", "イエロー", "黄色", "노랑", "žuta", "žltá", "rumena", "κίτρινο")),
    ("red", ("red", "rouge", "rosso", "rojo")),
    ("green", ("green", "grün", "vert", "verde")),
    ("blue", ("blue", "blau", "bleu", "blu")),
    ("orange", ("orange",)),
    ("violet", ("violet", "violett")),
    ("white", ("white", "weiß", "blanc")),
    ("clear", ("clear", "transparent")),
)  # fmt: skip

_COLOR_OF: Final = {name: color for color, names in _NAMES for name in names}
# Letters of every script count as such: "rot" in "rotor" is no colour. CJK is written without blanks between words.
_PATTERN: Final = re.compile(
    "|".join(
        re.escape(name) if not name.isascii() and len(name) <= 4 and not name[0].isascii() and ord(name[0]) > 0x2E7F
        else rf"(?<![^\W\d_]){re.escape(name)}(?![^\W\d_])"
        for name in sorted(_COLOR_OF, key=len, reverse=True)
    )
)  # fmt: skip


def color_of(text: str | None) -> str | None:
    """Return the one colour that ``text`` names, or None where it names none or several."""
    if not text:
        return None
    found = {_COLOR_OF[name] for name in _PATTERN.findall(text.lower())}
    return found.pop() if len(found) == 1 else None
