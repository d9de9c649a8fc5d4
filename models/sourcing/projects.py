"""What a project is called, as it is compared: whether two procurements are for one."""

from __future__ import annotations

import re

from models import spelling

# What says that a procurement is run again. A mark without a bracket counts at the end, and at the beginning
# where it names the procurement itself: 第二次全国国土调查 is no re-run.
_TIMES = "第?(?:[0-9]{1,2}|[一二两三四五六七八九十]{1,3})(?:次|轮|回)"
_WHAT = (
    "(?:(?:组织|进行|开展|公开|邀请|竞争性)*"
    "(?:采购|招标|投标|发布|公告|选取|遴选|选聘|选定|比选|竞选|抽选|征集|抽取|摇号|"
    "询价|询比|竞价|磋商|谈判|委托|发包)"
    "(?:公告|活动)?)"
)
_FELL = "(?:(?:废标|流标|流拍|流选|流采|终止|失败)[之以]?后?)"
_ANEW = f"{_FELL}?(?:重新{_WHAT}|重招|重采|重选|再次{_WHAT}|{_TIMES}{_WHAT})"
# A lot's number (监理01) is no mark of a re-run.
_RUN = f"{_ANEW}|{_FELL}?(?:重新|再次|{_TIMES})|[1-9][0-9]?"
_MARKED = re.compile(rf"[(\[{{<【〔〖「『《〈]\s*(?:{_RUN})\s*[)\]}}>】〕〗」』》〉]")
_ENDED = re.compile(rf"(?:{_ANEW}|{_FELL}?(?:再次|{_TIMES})|(?<![0-9])[1-9][0-9]?)+$")
_LED = re.compile(rf"^(?:{_ANEW})+")


def core(project: str) -> str:
    """A project's name as it is compared.

    By its letters and digits, without what says that it is run again, in whatever bracket, and without a
    number of one or two digits at its end, unless that begins with a nought.
    """
    bare = spelling.name(_MARKED.sub("", spelling.plain(project)))
    stripped = _LED.sub("", _ENDED.sub("", bare))
    return stripped or bare


def same_project(one: str, other: str) -> bool:
    """Whether two projects are one by their names."""
    return bool(core(one)) and core(one) == core(other)
