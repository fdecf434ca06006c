"""What a supply is, from the words of its description: for devices that give it no type, or none that says anything.

The words are stems, searched anywhere in the text, for German, Dutch and the Nordic languages write compounds in one.
A text that names two things (``Fuser/Belt Cleaner``) names none.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

MAX_WORDS: Final = 255
"""Characters of a description that are looked at: RFC 3805's have no more, and some letters stand for eighteen."""

COLORANTS: Final = frozenset({"toner", "toner-cartridge", "ink", "ink-cartridge", "solid-wax"})
"""The kinds that are one family: what one device calls toner, another calls a toner cartridge."""
COLORED: Final = COLORANTS | {"opc", "developer"}
"""The kinds that come one for each colour."""
_RECEPTACLES: Final = frozenset({"waste-toner", "waste-ink", "waste-wax", "waste-water", "waste-paper"})

# Epson's and Canon's maintenance box takes the ink of head cleaning.
_MAINTENANCE_BOX: Final = (
    r"maintenance (?:box|tank|cartridge)|wartungs(?:box|patrone)|(?:boîtier?|cartouche) de maintenance|"
    "(?:caja|cartucho) de mantenimiento|contenitore di manutenzione|メンテナンスボックス"
)
_INK: Final = (
    r"\binks?\b|inkt|tinte|tinta|encre|inchiostr|bläck|blekk|blæk|muste|inkoust|atrament|\btusz|чернил|mürekkep|μελάν|"
    "インク|墨水|墨盒|잉크"
)
_WASTE: Final = re.compile(
    r"\bwaste|\bscrap|\bused toner|toner[ -]?collect|resttoner|rest-toner|alttoner|abfall|usagé|\busé|résid|récup|"
    "resid|desech|recuper|scart|esaust|afval|avfall|affald|spil[ld]toner|hukka|jäte|odpad|zużyt|отработ|отход|atık|hulladék|απόβλητ|"
    f"廃|废|廢|回収|回收|폐|{_MAINTENANCE_BOX}"
)
# Of a receptacle: what goes into it; the first that fits counts.
_WASTE_OF: Final = (
    ("waste-paper", re.compile("punch|loch|stanz|perfor|chad|paper|papier|パンチ")),
    ("waste-ink", re.compile(f"{_INK}|{_MAINTENANCE_BOX}")),
    ("waste-wax", re.compile(r"\bwax")),
    ("waste-toner", re.compile("")),
)
_WORDS: Final = {
    "fuser-cleaning-pad": r"fus(?:er|ing) (?:clean\w* )?(?:web|pad)\b",
    "fuser-oil": "fuser oil|fuser agent",
    "cleaner-unit": r"(?:(?:transfer|belt|itb|ibt|drum) )*clean(?:er|ing)\b(?: unit)?"
    "(?: for (?:[a-z]+ )?transfer belt)?|reinigungs|nettoyage|pulizia|limpieza",
    "toner-cartridge": "toner[ -]?(?:cartridge|ca?rtr|kassett|kartusch|patron|kasett|modul)|värikasett|"
    "cart(?:ouche|uccia|ucho) (?:de |di )?t[oó]ner|картридж с тонером|тонер-картридж|"
    "トナーカートリッジ|토너 ?카트리지|墨粉盒|碳粉盒",
    "toner": "toner(?!-? ?filter)|tóner|тонер|värijauhe|γραφίτη|τόνερ|トナー|토너|墨粉|碳粉|色粉",
    "solid-wax": r"solid ink|\bwax|colorstix",
    "ink-ribbon": "(?:transfer )?ribbon|farbband",
    "ink-cartridge": r"\bink[ -]?(?:cartridge|tank)|inktcartridge|inktpatron|tintenpatron|tintapatron|bläckpatron|"
    "blekkpatron|blækpatron|mustekaset|cart(?:ouche|uccia|ucho) (?:d['’]|de |di )(?:encre|inchiostr|tinta)|"
    "インクカートリッジ|잉크 ?카트리지|墨盒",
    "ink": _INK,
    # PCU and PCDU are Ricoh's photoconductor units.
    "opc": r"\bdrums?\b|\bopc\b|\bpcd?u\b|photocond|photorecept|imag(?:ing|e) (?:unit|kit)|trommel|fotoleit|"
    "bildeinheit|belichtungs|tambour|unité d['’]imagerie|tambur|tambor|fotocond|unit[aà] (?:di )?imaging|"
    "unidade? de im[aá]ge|cilindro|trumm|bildenhet|bildutrust|tromle|fotolede|rumpu|rummun|"
    "bęb|válec|dobegység|барабан|τύμπαν|ドラム|感光|鼓|드럼",
    "developer": "develop|entwickl|développ|svilupp|revelad|ontwikkel|framkall|fremkal|wywoły|vývoj|прояв|девелопер|"
    "現像|显影|顯影|현상",
    "fuser": r"\bfus(?:er|ing|ion|ione|ión|ore|or|ão)|fixier|fixeer|fixa(?:ge|tion)|fixering|fikser|kiinnity|utrwal|"
    "zapék|фьюзер|термоблок|фиксир|закрепл|ısıtıcı|定着|定影|정착",
    "transfer-unit": r"transfer|\bit[bu]\b|\bibt\b|\bbtr\b|\bbelt\b|übertrag|trasferim|courroie|cinghia|overfør|"
    "överför|siirto|przeno|přenos|перенос|aktarma|転写|转印|轉印|전사",
    "corona-wire": "corona",
    "staples": "stapl|heftklammer|agraf|punti metallici|graffett|grapa|grampo|nietjes|häftklam|hæfteklam|zszyw|sešív|"
    "скреп|скоб|zımba|ホチキス|ステープル|订书|訂書|스테이플",
}
# In this order: what fits is taken out of the text before the next is looked for.
_KINDS: Final = tuple((kind, re.compile(words)) for kind, words in _WORDS.items())
# Supplies for which prtMarkerSuppliesType has no name.
_OTHER: Final = re.compile(
    r"\bkits?\b|kitet|\broll(?:er)?s?\b|\b(?:einzugs|transport)?rollen?\b|walze|rouleau|rullo|rodillo|filter|filtr|"
    r"\bpads?\b|print ?head|druckkopf|tête d['’]impression|testina|cabezal|maintenance|wartung|mantenimiento|"
    "manutenzione|onderhoud|serviceenhet|ローラ|롤러"
)
# What the first letters of a part number stand for. Kyocera and UTAX: TK, PK and CK toner, DK drum, DV developer, FK
# fuser, WT waste (fusioninventory-agent issue 520, Tylan issue 20); Konica Minolta and Brother: TN toner, DR drum,
# DV developer, IU imaging unit; Samsung: CLT toner; Brother: LC ink.
_PREFIXES: Final = {
    **dict.fromkeys(("TK", "PK", "CK", "TN", "TNP", "CLT"), "toner"),
    **dict.fromkeys(("DK", "DR", "IU", "IUP"), "opc"),
    **{"DV": "developer", "FK": "fuser", "WT": "waste-toner", "LC": "ink"},
}


# A fleet's supplies say the same few texts, each several times in a reading: remembered, they cost a tenth.
@lru_cache(maxsize=1024)
def kind_of(text: str | None) -> str | None:
    """Return the kind that ``text`` names: ``other`` for a supply without a type of its own, None for nothing known."""
    said = unicodedata.normalize("NFKC", (text or "")[:MAX_WORDS]).casefold()[:MAX_WORDS]
    if _WASTE.search(said):
        return next(kind for kind, pattern in _WASTE_OF if pattern.search(said))
    found = []
    for kind, pattern in _KINDS:
        said, times = pattern.subn(" ", said)
        if times:
            found.append(kind)
    if not found and _OTHER.search(said):
        return "other"
    return found[0] if len(found) == 1 else None


def kind_of_part(part_number: str | None) -> str | None:
    """Return the kind that the first letters of a part number stand for."""
    letters = re.match("[A-Z]+", part_number or "")
    return _PREFIXES.get(letters[0]) if letters else None


def family_of(kind: str | None) -> str | None:
    """Return what a kind is joined by: ``colorant`` for every toner and ink, else the kind itself."""
    return "colorant" if kind in COLORANTS else kind


def is_receptacle(kind: str | None) -> bool:
    """Whether a supply of this kind is a container that fills up, where the device does not tell its class."""
    return kind in _RECEPTACLES
