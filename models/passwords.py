"""Which passwords are refused. Length is what protects; what anybody would try first protects nothing (NIST SP 800-63B, 3.1.1.2).

How many guesses a password takes is reckoned by zxcvbn: the passwords most often leaked, words, names, dates, rows of keys, repetitions, and the same
with figures or signs put in; what a stranger knows of the person (name, address, organisation, in pinyin too) counts as a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from threading import Lock
from typing import Any

from pypinyin import lazy_pinyin
from zxcvbn import zxcvbn

from models import spelling
from models.text import N_, RuleBroken

LEAST = 10  # characters
LEAST_GUESSES = 9  # as a power of ten: what the hash holds off for years, and a limit on tries for ever
LOOKED_AT = 30  # characters; whoever put thirty together that are easy to guess may add what it likes
_alone = Lock()  # zxcvbn keeps what is known of a person where every thread finds it
_OURS = ("gongxin", "公信", "公信平台", "中介超市", "中介服务", "zhongjie", "zhongjiechaoshi", "qinghai", "青海")
# Phrases that stand high in leaks from China and in no list of zxcvbn's.
_PHRASES = ("woaini", "woaiwojia", "woshishui", "wodemima", "mima", "mimashi", "zhongguo", "woaizhongguo", "caonima", "nihao", "1314520", "5201314", "520520", "wangba", "密码", "我爱你", "你好")
_PARTS = re.compile(r"[\s@.,,、·()()_+-]+")
_ENDINGS = re.compile(r"(股份|有限|责任|公司|事务所|中心|研究院|单位|局|厅)+$")


def check(password: str, *, about: Iterable[str] = (), field: str = "password") -> None:
    """RuleBroken at the field, saying why, for a password that is too short or easily guessed; `about` is what is known of the person."""
    if len(password) < LEAST or len(set(password)) < 4:
        raise RuleBroken(N_("密码至少 10 个字符,且不能只由几个重复字符组成。"), field)
    known = _words(about)
    with _alone:
        found = zxcvbn(spelling.plain(password)[:LOOKED_AT], user_inputs=[*known, *_PHRASES])
    if found["guesses_log10"] < LEAST_GUESSES:
        raise RuleBroken(_why(found["sequence"], set(known)), field)


def _why(parts: list[dict[str, Any]], known: set[str]) -> str:
    lists = {"known" if part.get("matched_word") in known else part.get("dictionary_name") for part in parts}
    if "known" in lists:
        return N_("密码里不要用姓名、邮箱、单位或平台的名字:别人最先试的就是这些。请换一个,例如几个不相干的词连在一起。")
    if lists & {"passwords", "user_inputs"}:
        return N_("这个密码太常见,在泄露过的密码里名列前茅。请换一个,例如几个不相干的词连在一起。")
    return N_("这个密码太容易猜到(常用词、日期、连续或重复的字符)。请换一个,例如几个不相干的词连在一起。")


def _words(about: Iterable[str]) -> list[str]:
    """What is known of a person as a guesser would try it: whole, in parts, without what every organisation is called, in pinyin and initials."""
    told = [spelling.plain(text).lower()[:100] for text in about if text]
    parts = {part for text in told for part in (text, *_PARTS.split(text)) if len(part) > 1}
    parts |= {short for part in parts if len(short := _ENDINGS.sub("", part)) > 1}
    sounded = {sound for part in parts if not part.isascii() for sound in _sounds(part)}
    return [*sorted(parts | sounded), *_OURS]


def _sounds(text: str) -> list[str]:
    syllables = lazy_pinyin(text)
    initials = "".join(each[:1] for each in syllables)
    return ["".join(syllables), *([initials] if len(initials) > 2 else []), "".join((*syllables[1:], syllables[0]))]
