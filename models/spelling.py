"""One spelling for what people write in many.

Every comparison of names, codes, references and addresses goes through here.

Two texts that look alike, or that two keyboards write differently, come out the same: width of characters,
composed and decomposed letters, characters nobody sees, the many dots between the parts of a name, Kangxi
radicals that stand for the characters they look like.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from email_validator import EmailNotValidError, validate_email

from models.errors import RuleViolation
from models.i18n import N_

# What a database, a workbook or a paper cannot hold: control characters (line breaks and tabs are none),
# halves of characters, and the two code points that are no characters.
UNKEEPABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# What turns the direction of the words around it, so that they read as others, or stands between them unseen.
# Nobody types these: they come with what is pasted (a number from a list of contacts, a name from a page).
# Joiners (U+200C, U+200D) and selectors belong to words, emoji and rare forms of characters.
_STRAY = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), and what interlinear annotation leaves
# behind.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Radicals of the supplement that have a character of their own but no decomposition:
# EquivalentUnifiedIdeograph.txt of Unicode 17. What NFKC knows (all of the Kangxi block) is not repeated.
_RADICALS = (
    "⺁厂⺂乛⺃乚⺄乙⺅亻⺆冂⺇𠘨⺈刀⺉刂⺊卜⺋㔾⺌小⺍小⺎兀⺏尣⺐尢⺑𡯂⺒巳⺓幺⺔彑⺕𫜹⺖忄⺗心⺘扌⺙攵⺛旡⺜日⺝月⺞歺⺠民⺡氵⺢氺⺣灬⺤爫⺥爫⺦丬⺧牛⺨犭⺩王⺪𤴔⺫目⺬示⺭礻⺮𥫗⺯糹⺰纟⺱罓⺲罒⺳㓁⺴冗⺵𦉫⺶羊⺷𦍌⺸𦍋⺹耂⺺肀⺻聿⺼肉⺽𦥑⺾艹"
    "⺿艹⻀艹⻁虎⻂衤⻃覀⻄西⻅见⻆角⻇𧢲⻈讠⻉贝⻊𧾷⻋车⻌辶⻍辶⻎辶⻏邑⻐钅⻑長⻒镸⻓长⻔门⻕𨸏⻖阝⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻞𩙿⻟飠⻠饣⻡𩠐⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀"
)
_MEANT = str.maketrans(dict(zip(_RADICALS[::2], _RADICALS[1::2], strict=True)))
# GBK kept characters in Unicode's private use that have a place of their own by now (GB 18030-2022, annex D):
# U+E863 is the 䶮 of many a name.
_PRIVATE = {
    **{
        0xE815 + at: bytes((0xFE, low)).decode("gb18030")
        for at, low in enumerate([*range(0x50, 0x7F), *range(0x80, 0xA1)])
    },
    **dict(
        zip(
            (0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864),
            "\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
            strict=True,
        )
    ),
    **dict(
        zip(
            (0xE816, 0xE817, 0xE818, 0xE831, 0xE83B, 0xE855),
            "\U00020087\U00020089\U000200cc\U000215d7\U0002298f\U000241fe",
            strict=True,
        )
    ),
    0xE7C7: "\u1e3f",
    0xE7C8: "\u01f9",
}
_MEANT |= _PRIVATE
# Signs people take for the dot between the parts of a name, though Unicode has them as letters or accents;
# and a circle for the character 〇.
_DOTS = str.maketrans(
    dict.fromkeys("\u02d1\u02d9\u1427\u318d\ua78f\u4e36", "·") | dict.fromkeys("\u25cb\u25ef", "〇")
)
# What stands for a character a program had not, or should not show: 李□ is somebody, and not 李.
MASKS = "□〓*?\ufffd"
_DASHES = re.compile("[\u2010-\u2015\u2212\u2e3a\u2e3b\u30fc\ufe58]")
_BLANKS = re.compile(r"\s+")
# A year stands in these in the number of a paper (GB/T 9704 wants 〔2026〕), and keyboards offer the others;
# full width is one of them already.
_BRACKETS = str.maketrans("〔〕[]【】〖〗〘〙〚〛{}「」『』〈〉《》⟨⟩⦅⦆❲❳", "()" * 14)
# The traditional characters in registers' own words for standings and terms, from Hong Kong's, Macao's and
# Taiwan's papers.
_SIMPLER = str.maketrans(
    "續註銷開業營冊遷產責關閉異備強無長約狀態設確記執證轉東財務",
    "续注销开业营册迁产责关闭异备强无长约状态设确记执证转东财务",
)
MOST_ADDRESS = 254  # characters of an address (RFC 5321, and the column)


def typed(text: str) -> str:
    """What somebody wrote, as it is kept: without marks of direction and what else came along unseen.

    A browser sends the end of a line as two characters, and lets one be typed for it.
    """
    return _STRAY.sub("", text.replace("\r\n", "\n"))


def plain(text: str) -> str:
    """The text in compatibility form (NFKC), without characters nobody sees.

    Radicals stand as the characters they are for.
    """
    return _settled(lambda said: unicodedata.normalize("NFKC", _UNSEEN.sub("", said)).translate(_MEANT), text)


def register_words(text: str) -> str:
    """What a register says in its own words, of a standing or a term.

    Plain, in small letters and simplified characters.
    """
    return plain(text).strip().lower().translate(_SIMPLER)


def _settled(step: Callable[[str], str], text: str) -> str:
    """A text after so many of these steps that another changes nothing.

    What is taken out may bring together what composes.
    """
    while (after := step(text)) != text:
        text = after
    return text


def name(text: str) -> str:
    """What names of people and organisations, and addresses of places, are compared by.

    Their letters, marks and digits alone (and what stands for one that is not shown), so that neither a blank
    nor any dot between the parts of a name makes it another.
    """
    return _settled(_letters, text)


def _letters(text: str) -> str:
    compared = plain(plain(text.translate(_DOTS)).casefold())
    return "".join(
        char
        for char in compared
        if unicodedata.category(char)[0] in "LMN" or unicodedata.category(char) == "Co" or char in MASKS
    )


def same_name(one: str, other: str) -> bool:
    """Whether two names are one; no name at all is nobody's."""
    return bool(name(one)) and name(one) == name(other)


def reference(text: str) -> str:
    """A text in which codes are looked for: plain, in capitals, every dash the same."""
    return _settled(lambda said: _DASHES.sub("-", plain(plain(said).upper())), text)


def code(text: str) -> str:
    """What codes, numbers of certificates and references are kept and compared by.

    As `reference`, without blanks, every bracket the same.
    """
    return _settled(lambda said: _BLANKS.sub("", reference(said)).translate(_BRACKETS), text)


def email(text: str) -> str:
    """An e-mail address as it is kept: one for every spelling of it (width, case, composition, punycode).

    RuleViolation at `email` for none.
    """
    try:
        found = validate_email(plain(text).strip().lower(), check_deliverability=False).normalized
    except (EmailNotValidError, UnicodeError, ValueError) as error:
        raise RuleViolation(N_("邮箱地址不正确。"), "email") from error
    kept = unicodedata.normalize("NFC", found.lower())
    if len(kept) > MOST_ADDRESS:
        raise RuleViolation(N_("邮箱地址不正确。"), "email")
    return kept


def asked_email(text: str) -> str:
    """The address somebody may have been registered under, for looking it up.

    What is none is nobody's, and no error.
    """
    try:
        return email(text)
    except RuleViolation:
        return plain(text).strip().lower()[:MOST_ADDRESS]
