"""Which colour a supply has, from the word or the letter that the device uses."""

import re
from functools import lru_cache
from typing import Final

# prtMarkerColorantValue's names (RFC 3805 section 6), and what descriptions say in other languages.
_WORDS: Final = {
    "light-cyan": "light cyan, lightcyan, photo cyan, photocyan, hellcyan, cyan clair",
    "light-magenta": "light magenta, lightmagenta, photo magenta, photomagenta, hellmagenta, magenta clair",
    "light-black": "light black, lightblack",
    "matte-black": "matte black, matteblack, matt black, mattschwarz, noir mat",
    "photo-black": "photo black, photoblack, fotoschwarz, noir photo",
    "light-gray": "light gray, light grey, lightgray, lightgrey, hellgrau",
    "photo-gray": "photo gray, photo grey, photogray, photogrey",
    "dark-gray": "dark gray, dark grey, darkgray, darkgrey, dunkelgrau",
    "gray": "gray, grey, grau, gris, grigio, cinza, grijs",
    "tri-color": "tri-color, tricolor, tri-colour, tri colour, tri color, three-color, cmy, dreifarbig, trois couleurs",
    "black": "black, schwarz, schwarze, schwarzer, noir, noire, nero, nera, negro, negra, preto, preta, svart, sort, "
    "zwart, musta, czarny, czarna, černá, černý, "
    "fekete, negru, чёрный, черный, siyah, ブラック, 黑色, 黒, 검정, crna, čierna, črna, μαύρο",
    "cyan": "cyan, ciano, cian, cyaan, syaani, azurová, cyjan, голубой, シアン, 青色, 시안, cijan, κυανό",
    "magenta": "magenta, purpurová, пурпурный, マゼンタ, 品红色, 마젠타, bíbor, ματζέντα",
    "yellow": "yellow, gelb, gelbe, gelber, jaune, giallo, gialla, amarillo, amarilla, amarelo, amarela, gul, geel, "
    "keltainen, žlutá, żółty, sárga, galben, "
    "желтый, жёлтый, sarı, イエロー, 黄色, 노랑, žuta, žltá, rumena, κίτρινο",
    "red": "red, rouge, rosso, rojo",
    "green": "green, grün, vert, verde",
    "blue": "blue, blau, bleu, blu",
    "orange": "orange",
    "violet": "violet, violett",
    "white": "white, weiß, blanc",
    "clear": "clear, transparent",
}
_COLOR_OF: Final = {word: color for color, words in _WORDS.items() for word in words.split(", ")}

# Longest first, so that "light cyan" is no cyan. Whole words only ("red" is not in "reduced"), save in the scripts that
# are written without blanks between words.
_FIRST_CJK: Final = 0x2E80
_LONGEST_FIRST: Final = sorted(map(re.escape, _COLOR_OF), key=len, reverse=True)
_PATTERN: Final = re.compile(
    rf"(?<![^\W\d_])(?:{'|'.join(word for word in _LONGEST_FIRST if ord(word[0]) < _FIRST_CJK)})"
    r"(?:(?![^\W\d_])|(?=toner|trommel|tinte|patrone))|"
    + "|".join(word for word in _LONGEST_FIRST if ord(word[0]) >= _FIRST_CJK)
)

# "Black Toner [K]", "Drum Unit (C)", "Toner Y", "K": a letter that stands where a colour stands, and nowhere else.
_LETTERS: Final = {"K": "black", "BK": "black", "Bk": "black", "C": "cyan", "M": "magenta", "Y": "yellow"}
_THING: Final = "(?:[Tt]oner|TONER|[Dd]rum|DRUM|[Ii]nk|INK|[Dd]eveloper)"
_LETTER: Final = re.compile(rf"(?:^|[\[(]|\b{_THING}[ -])(BK|Bk|[KCMY])(?=$|[\])]|[ -]{_THING}\b)")


@lru_cache(maxsize=1024)  # as kind_of
def color_of(text: str | None) -> str | None:
    """Return the one colour that ``text`` names by word or else by letter, or None where it names none or several."""
    if not text:
        return None
    found = {_COLOR_OF[word] for word in _PATTERN.findall(text.lower())}
    found = found or {_LETTERS[letter] for letter in _LETTER.findall(text)}
    return found.pop() if len(found) == 1 else None
