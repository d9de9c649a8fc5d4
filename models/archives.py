"""What a ZIP may hold: nothing of it is unpacked here but the first bytes of each part.

What is in it is unpacked by whoever downloads it, so what would write beside its folder, fill its disk or run
is refused, and so is what nobody can look into.
"""

from __future__ import annotations

import re
import stat
import zipfile
from pathlib import PurePosixPath

from models.errors import RuleViolation
from models.i18n import N_

MOST_PARTS = 5_000
MOST_LIST = 8 << 20  # bytes of the list of parts at the end, which a reader takes into memory
MOST_UNPACKED, MOST_TIMES = 2 << 30, 200  # bytes in all, and times the size of the archive
SMALL = 10 << 20  # bytes unpacked, up to which nobody minds how well it was packed
# by their endings: what runs when it is opened; archives; and what is packed itself and no archive
_RUNS = re.compile("exe|com|bat|cmd|scr|pif|msi|dll|cpl|jse?|vb[se]|ws[fh]|hta|psm?1|lnk|jar|apk|reg|sh")
_ARCHIVES = re.compile("zip|rar|7z|t?gz|tar|bz2|xz|zst|cab|iso")
_OFFICE = re.compile("docx|xlsx|pptx|ofd|od[tsp]|vsdx|kmz")
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!")

TOO_MANY = N_("压缩包里的文件太多(最多 5000 个),或者目录太大。")
LOCKED = N_("压缩包设了密码,没有人能核对里面的内容;请去掉密码后重新打包。")
OUTSIDE = N_("压缩包里有解压后会落到文件夹以外的路径,或者链接;请重新打包。")
RUNS = N_("压缩包里有可以运行的程序或脚本;请去掉后重新打包。")
NESTED = N_("压缩包里还有压缩包;请解开后重新打包。")
TOO_LARGE = N_("压缩包解压后太大(最多 2 GB,且不超过压缩包的 200 倍)。")
UNUSUAL = N_("压缩包用了少见的压缩方式;请用普通方式(Deflate)重新打包。")


class Unfit(RuleViolation):
    """An archive is whole, but not one to be handed on."""


def listed(content: bytes, size: int) -> int:
    """How many bytes the list of parts of an archive of `size` bytes takes, as its end says.

    `content` is the end of the archive, 65,557 bytes at the most. Found as `zipfile` finds it, since that
    reads as many into memory; more than there are where the end leads astray.
    """
    at = len(content) - 22
    if at < 0 or content[at : at + 4] != b"PK\x05\x06" or content[-2:] != b"\0\0":
        at = content.rfind(b"PK\x05\x06")
    if at < 0:
        return size
    found = int.from_bytes(content[at + 12 : at + 16], "little")
    if content[at - 20 : at - 16] == b"PK\x06\x07":  # the same in 64 bits stands before
        if int.from_bytes(content[at - 12 : at - 4], "little") != size - len(content) + at - 76:
            return size + 1  # it says that it stands elsewhere, and newer Pythons would look there
        found = max(found, int.from_bytes(content[at - 36 : at - 28], "little"))
    return found


def check(packed: zipfile.ZipFile, size: int, *, rooted: bool = False) -> None:
    """Unfit where an archive of `size` bytes may not be handed on.

    `rooted`: names may begin with a slash, as some programs write those of an office document's parts.
    """
    parts = [part for part in packed.infolist() if not part.is_dir()]
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED or unpacked > max(SMALL, size * MOST_TIMES):
        raise Unfit(TOO_LARGE)
    if sum(part.compress_size for part in parts) > size:  # the same bytes several times over
        raise Unfit(TOO_LARGE)
    for part in packed.infolist():
        _check_name(part, part.filename.lstrip("/") if rooted else part.filename)
    for part in parts:
        _check_part(packed, part)


def _check_name(part: zipfile.ZipInfo, name: str) -> None:
    steps = re.split(r"[/\\]", name)
    if ".." in steps or steps[0] == "" or re.match(r"[A-Za-z]:", name) or "\0" in part.orig_filename:
        raise Unfit(OUTSIDE)
    if stat.S_ISLNK(part.external_attr >> 16):
        raise Unfit(OUTSIDE)


def _check_part(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    ending = PurePosixPath(part.filename.rstrip(". ")).suffix.lower().removeprefix(".")
    if part.flag_bits & 0x1:
        raise Unfit(LOCKED)
    if _RUNS.fullmatch(ending):
        raise Unfit(RUNS)
    if _ARCHIVES.fullmatch(ending):
        raise Unfit(NESTED)
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unfit(UNUSUAL)
    with packed.open(part) as opened:
        head = opened.read(4)
    if head.startswith(_PROGRAMS):
        raise Unfit(RUNS)
    if head == b"PK\x03\x04" and not _OFFICE.fullmatch(ending):
        raise Unfit(NESTED)
