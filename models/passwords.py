"""Which passwords are refused.

Length is what protects; what anybody would try first protects nothing (NIST SP 800-63B, 3.1.1.2).

How many guesses a password takes is reckoned by zxcvbn: the passwords most often leaked, words, names, dates,
rows of keys, repetitions, and the same with figures or signs put in; what a stranger knows of the person
(name, address, organisation, in pinyin too) counts as a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from threading import Lock
from typing import Any

from pypinyin import lazy_pinyin
from zxcvbn import zxcvbn

from models import regions, spelling
from models.errors import RuleViolation
from models.i18n import N_

LEAST = 10  # characters
LEAST_GUESSES = 9  # as a power of ten: what the hash holds off for years, and a limit on tries for ever
LOOKED_AT = 30  # characters; whoever put thirty together that are easy to guess may add what it likes
_alone = Lock()  # zxcvbn keeps what is known of a person where every thread finds it
_OURS = (
    "gongxin",
    "公信",
    "公信平台",
    "中介超市",
    "中介服务",
    "zhongjie",
    "zhongjiechaoshi",
    "qinghai",
    "青海",
)
# Phrases that stand high in leaks from China and in no list of zxcvbn's.
_PHRASES = (
    "woaini",
    "woaiwojia",
    "woshishui",
    "wodemima",
    "mima",
    "mimashi",
    "zhongguo",
    "woaizhongguo",
    "caonima",
    "nihao",
    "1314520",
    "5201314",
    "520520",
    "wangba",
    "密码",
    "我爱你",
    "你好",
    "woshishen",
    "woshi",
    "wodeshijie",
    "一二三四五六七八九十",
    "zaq12wsx",
    "zaq1",
    "cde3",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
)
_TRADES = (
    "环保",
    "环评",
    "环境",
    "科技",
    "技术",
    "工程",
    "建设",
    "建材",
    "建筑",
    "设计",
    "勘察",
    "测绘",
    "规划",
    "监理",
    "造价",
    "招标",
    "咨询",
    "检测",
    "评估",
    "审计",
    "水利",
    "水务",
    "水保",
    "林业",
    "地质",
    "矿业",
    "能源",
    "电力",
    "安全",
    "消防",
    "交通",
    "气象",
    "会计",
    "律师",
    "贸易",
    "投资",
    "实业",
    "集团",
    "管理",
    "服务",
    "信息",
    "网络",
    "生态",
)
_TRADE = re.compile(f"({'|'.join(_TRADES)})")
_PLACE = re.compile("(?:特别行政区|自治区|自治州|自治县|自治旗|新区|地区|林区|省|市|盟|县|区|旗)$")
_NUMBERS = re.compile(
    r"[1-9]\d{5}(?:18|19|20)\d{2}[01]\d[0-3]\d{4}[\dx]|1[3-9]\d{9}"
)  # of an identity card (GB 11643), of a mobile telephone: everybody's own is known to many
_UNSHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
_YEAR = re.compile(r"((?:19|20)\d\d)年")
_PARTS = re.compile(r"[\s@.,,、·()()_+-]+")
_ENDINGS = re.compile(r"(股份|有限|责任|公司|事务所|中心|研究院|单位|局|厅)+$")


def check(password: str, *, about: Iterable[str] = (), field: str = "password") -> None:
    """RuleViolation at the field, saying why, for a password that is too short or easily guessed.

    `about` is what is known of the person.
    """
    if len(password) < LEAST or len(set(password)) < 4:
        raise RuleViolation(N_("密码至少 10 个字符,且不能只由几个重复字符组成。"), field)
    known = _words(about)
    for reading in _readings(spelling.plain(password)[:LOOKED_AT]):
        words = [*known, *_NUMBERS.findall(reading.lower()), *_PHRASES, *_of_here()]
        with _alone:
            found = zxcvbn(reading, user_inputs=words)
        if found["guesses_log10"] < LEAST_GUESSES:
            raise RuleViolation(_why(found["sequence"], set(known)), field)


def _readings(password: str) -> list[str]:
    """A password, and what it is with the shift key left alone and a year without its 年.

    Where that differs: a walk over the keys stays one.
    """
    return list(dict.fromkeys([password, _YEAR.sub(r"\1", password.translate(_UNSHIFTED))]))


@cache
def _of_here() -> tuple[str, ...]:
    """What everybody may name who lives or works here.

    Lines of work, and then divisions, as they are written and in pinyin.
    """
    from models.catalogue import DEPARTMENTS  # imports much

    work, rows = [*_TRADES, *DEPARTMENTS], regions.published()
    whole = [row["full_name"] for row in rows if row["level"] == "city"]
    places = [name for row in rows for name in (row["name"], _PLACE.sub("", row["name"])) if len(name) > 1]
    sounded = ["".join(each) for name in (*work, *places, *whole) for each in _syllables(name)]
    initials = ["".join(each[:1] for each in lazy_pinyin(name)) for name in whole]
    return tuple(dict.fromkeys([*work, *places, *whole, *sounded, *initials]))


def _why(parts: list[dict[str, Any]], known: set[str]) -> str:
    lists = {"known" if part.get("matched_word") in known else part.get("dictionary_name") for part in parts}
    if "known" in lists:
        return N_(
            "密码里不要用姓名、邮箱、单位或平台的名字:别人最先试的就是这些。请换一个,例如几个不相干的词连在一起。"
        )
    if lists & {"passwords", "user_inputs"}:
        return N_("这个密码太常见,在泄露过的密码里名列前茅。请换一个,例如几个不相干的词连在一起。")
    return N_("这个密码太容易猜到(常用词、日期、连续或重复的字符)。请换一个,例如几个不相干的词连在一起。")


def _words(about: Iterable[str]) -> list[str]:
    """What is known of a person as a guesser would try it.

    Whole, in parts, without what every organisation is called, in pinyin and initials.
    """
    told = [spelling.plain(text).lower()[:100] for text in about if text]
    parts = {part for text in told for part in (text, *_PARTS.split(text)) if len(part) > 1}
    parts |= {short for part in parts if len(short := _ENDINGS.sub("", part)) > 1}
    parts |= {short for part in parts for short in _own(part) if len(short) > 1}
    sounded = {sound for part in parts if not part.isascii() for sound in _sounds(part)}
    return [*sorted(parts | sounded), *_OURS]


def _own(name: str) -> set[str]:
    """An organisation's name without the place it begins with, and what of that is its own.

    西宁绿源环保科技 is 绿源环保科技, 绿源环保 and 绿源.
    """
    place = max((name[:length] for length in range(2, 8) if name[:length] in _of_here()), key=len, default="")
    rest = name.removeprefix(place)
    parts = _TRADE.split(rest)
    return {rest, *parts, *("".join(parts[:end]) for end in range(1, len(parts)))}


def _sounds(text: str) -> list[str]:
    found = []
    for syllables in _syllables(text):
        initials = "".join(each[:1] for each in syllables)
        found += [
            "".join(syllables),
            *([initials] if len(initials) > 2 else []),
            "".join((*syllables[1:], syllables[0])),
        ]
    return found


def _syllables(text: str) -> list[list[str]]:
    """A text in pinyin; ü as v, and as u, which is how passports and most people write it."""
    heard = lazy_pinyin(text)
    return [
        heard,
        *([[each.replace("v", "u") for each in heard]] if any("v" in each for each in heard) else []),
    ]
