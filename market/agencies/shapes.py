"""The tables of agencies and of fees that may be handed in: their headings, and a line that shows how."""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple

from market.formatting import in_english
from market.spreadsheets import Column, Headings
from models.base import Json

AGENCIES: Headings = {
    "uscc": ("统一社会信用代码", "uscc"),
    "name": ("机构名称", "name"),
    "region": ("地区", "region"),
    "legal_form": ("组织类型", "legal form"),
    "legal_representative": ("法定代表人", "legal representative"),
    "phone": ("联系电话", "phone"),
    "registered_address": ("登记地址", "registered address"),
    "address": ("办公地址", "address"),
    "established_on": ("成立日期", "established on"),
    "licence_until": ("营业期限至", "licence until"),
    "registered_capital": ("注册资本(元)", "registered capital"),
    "scope": ("经营范围", "scope"),
    "introduction": ("简介", "introduction"),
}
FEES: Headings = {
    "uscc": ("统一社会信用代码", "uscc"),
    "item": ("事项编号", "item"),
    "method": ("计价方式", "method"),
    "standard": ("引用收费标准", "standard"),
    "price": ("价格(元)", "price"),
    "table": ("档位或点", "table"),
    "discount": ("折扣", "discount"),
    "floor": ("最低收费(元)", "floor"),
    "cap": ("最高收费(元)", "cap"),
    "days": ("承诺工期(工作日)", "days"),
    "note": ("说明", "note"),
    "effective_from": ("生效日期", "effective from"),
}


class Shape(NamedTuple):
    """A kind of table: its columns, those no row may lack, and an example of a row."""

    headings: Headings
    needed: tuple[str, ...]
    example: Json

    def columns(self) -> list[Column[Json]]:
        """The columns of the table to fill in, in the reader's language; what is needed has a star."""
        return [
            Column(f"*{said}" if name in self.needed else said, itemgetter(name))
            for name, (chinese, english) in self.headings.items()
            for said in [english if in_english() else chinese]
        ]


SHAPES = {
    "agencies": Shape(
        AGENCIES,
        ("uscc", "name", "region"),
        dict.fromkeys(AGENCIES, "")
        | {
            "uscc": "91630100MA0000000X",
            "name": "示例环境技术有限公司",
            "region": "青海省西宁市城东区",
            "legal_form": "公司(企业法人)",
            "legal_representative": "张三",
            "phone": "0971-1234567",
            "registered_address": "西宁市城东区示例路 1 号",
            "address": "西宁市城东区示例路 1 号",
            "established_on": "2018-05-01",
            "registered_capital": "1000000",
            "scope": "环境影响评价;环境监测",
        },
    ),
    "fees": Shape(
        FEES,
        ("item", "days"),
        dict.fromkeys(FEES, "")
        | {
            "item": "CON-03",
            "method": "差额定率累进",
            "table": "10000000, 0.006 | 50000000, 0.0035 | *, 0.0018",
            "floor": "8000",
            "days": "20",
        },
    ),
}
