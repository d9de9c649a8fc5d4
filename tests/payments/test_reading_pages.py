"""Pages and workbooks in XML that banks call XLS are read as they are shown."""

from __future__ import annotations

from datetime import date

import pytest

from models.errors import Problem, RuleViolation
from tests.payments.tables import HEADING, OTHER, page, read, sums
from tests.payments.test_bank import ACCOUNT, camt, detail, entry

PAGE = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta charset="{charset}"></head>'
    "<body><table><tr><td><table>\n"
    '<tr><td colspan="8" align=center><b>账户明细</b></td></tr>'
    "<tr><td>账号</td><td colspan=7>{account}</td></tr>\n"
    "<tr><th>交易日期</th><th>收入</th><th>支出</th><th>余额</th>"
    "<th>对方户名</th><th>对方账号</th><th>摘要</th><th>流水号</th></tr>\n"
    "<tr><td>2026-03-02<td>8,000.00<td>&nbsp;<td>8,000.00<td>青湖<br>科技</td>"
    "<td style='mso-number-format:\"\\@\"'>6228000000000000011</td><td>M202600000180</td><td>1</td></tr>\n"
    "<tr><td>2026-03-03</td><td></td><td>1,000.00</td><td>7,000.00</td>"
    "<td>高原测绘</td><td></td><td>Z202600000112</td><td>2</td></tr>"
    "</table></td></tr></table></body></html>"
)
SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"
BOOK = (
    '<?xml version="1.0" encoding="{charset}"?><?mso-application progid="Excel.Sheet"?>\n'
    f'<Workbook xmlns="{SPREADSHEET}" xmlns:ss="{SPREADSHEET}"><Worksheet ss:Name="明细"><Table>\n'
    '<Row><Cell ss:MergeAcross="7"><Data ss:Type="String">账号:{account}</Data></Cell></Row>\n'
    "<Row>"
    + "".join(f'<Cell><Data ss:Type="String">{name}</Data></Cell>' for name in HEADING.split(","))
    + "</Row>\n"
    '<Row><Cell><Data ss:Type="DateTime">2026-03-02T00:00:00.000</Data></Cell>'
    '<Cell><Data ss:Type="Number">8000</Data></Cell>'
    '<Cell ss:Index="4"><Data ss:Type="Number">8000</Data></Cell>\n'
    '<Cell><Data ss:Type="String">青湖 科技</Data></Cell>'
    '<Cell><Data ss:Type="String">6228000000000000011</Data></Cell>'
    '<Cell><Data ss:Type="String"><B>M2026</B>00000180</Data></Cell></Row>\n'
    '<Row><Cell><Data ss:Type="String">2026-03-03</Data></Cell>'
    '<Cell ss:Index="3"><Data ss:Type="Number">1000</Data></Cell>'
    '<Cell><Data ss:Type="Number">7000</Data></Cell>\n'
    '<Cell ss:Index="7"><Data ss:Type="String">Z202600000112</Data></Cell></Row>'
    "</Table></Worksheet></Workbook>"
)


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "utf-16"])
@pytest.mark.parametrize("text", [PAGE, BOOK], ids=["a page", "XML of 2003"])
def test_what_is_called_xls_and_is_none_is_read(text: str, charset: str) -> None:
    found = read(
        text.format(charset=charset, account=ACCOUNT).encode("gb18030" if charset == "gb2312" else charset)
    )
    assert [(line.day, line.amount, line.remark) for line in found.lines] == [
        (date(2026, 3, 2), 800_000, "M202600000180"),
        (date(2026, 3, 3), -100_000, "Z202600000112"),
    ]
    assert (found.opening, found.closing) == (0, 700_000)
    assert (found.lines[0].counterparty, found.lines[0].counterparty_account) == (
        "青湖 科技",
        "6228000000000000011",
    )


def test_what_a_page_shows_is_read_and_nothing_else() -> None:
    plain = "<td>2026-03-03<td>5.00<td><td>5.00<td>甲<td><td>z<td>2"
    for odd in (
        "<td>2026-03-02<td>100<br>50<td><td>",
        "<td>2026-03-02<td><div>100</div><div>50</div><td><td>",
        "<td>2026-03-02<td>100<sup>2</sup><td><td>",
    ):
        assert [(line.amount, line.problem) for line in page(f"{odd}<td>甲<td><td>y<td>1", plain)] == [
            (0, "unreadable"),
            (500, ""),
        ]
    seen = (
        "<td>2026/3/1<br>8:11:12<td>1<b>00</b><span style='display: none'>9</span><td hidden>1"
        "<td><!-- 7 --><td>0.00<script>1</script><td>甲<td><td>y<td>1"
    )
    assert [(line.day, line.amount) for line in page(seen, plain)] == [
        (date(2026, 3, 1), 10_000),
        (date(2026, 3, 3), 500),
    ]
    inside = "<form><td>2026-03-02<td><table><tr><td>8.00</table><td><td>8.00<td>乙<td><td>y<td>1</form>"
    assert [line.amount for line in page(inside, plain)] == [800, 500]


def test_where_things_stand_on_a_page_is_no_part_of_the_table() -> None:
    """Text above it, tables behind its end, one table in a line, a head whose cells go down into nothing."""
    rows = "<tr><td>2026-03-02<td>8.00<td><td>8.00<td>甲<td><td>x<td>1"
    head = (
        "<thead><tr>" + "".join(f"<th rowspan=2>{each}</th>" for each in HEADING.split(",")) + "</tr></thead>"
    )
    assert [line.amount for line in read(f"<html><table>{head}<tbody>{rows}</tbody></table>").lines] == [800]
    assert [
        line.amount
        for line in read(
            f"<html><table>{head}<tbody>{rows}</tbody></table></html><html><table><tr><td>2026-03-03<td>9.00<td><td>17.00<td>乙<td><td>x<td>2</table></html>"
        ).lines
    ] == [800, 900]
    for above in (
        f"<p>账号:{OTHER}</p>",
        f"<div><div>账号:{OTHER}</div></div>",
        f"账号:{OTHER}",
        f"<span>账号:</span><b>{OTHER}</b><br>",
        f"<form>账号:{OTHER}",
    ):
        with pytest.raises(RuleViolation, match="另一个账户"):
            read(f"<html>{above}<table>{head}<tbody>{rows}</tbody></table>")
    with pytest.raises(RuleViolation, match="另一个账户"):
        read(f"<html><table><caption>账号:{OTHER}</caption>{head}<tbody>{rows}</tbody></table>")
    with pytest.raises(RuleViolation, match="另一个账户"):
        read(f"<html><table><tr><td>账号:{OTHER}<table>{head}<tbody>{rows}{rows}</tbody></table></table>")
    inside = rows.replace("<td>x", "<td><table><tr><td>订单<td>M202600000180</table>")
    (line,) = read(f"<html><table>{head}<tbody>{inside}</tbody></table>").lines
    assert (line.amount, line.remark) == (800, "订单 M202600000180")
    swapped = (
        "<html><table><tr><td>交易日期<td>摘要<td>收入<td>支出"
        "<tr><td>2026-03-02<td style='visibility:hidden'>x<td><td>9.00</table>"
    )
    assert sums(swapped) == [-900]
    assert [
        line.amount
        for line in page(
            "<td>2026-03-02<td rowspan=2>8.00<td><td>8.00<td>甲<td><td>x<td>1",
            "<td style='display:none'>x",
            "<td>2026-03-03<td><td>9.00<td>1.00<td>乙<td><td>x<td>2",
        )
    ] == [800, -900]


def test_cells_that_go_down_over_rows_move_nothing() -> None:
    down = (
        "<td rowspan=2>2026-03-02<td>8.00<td><td>8.00<td>甲<td><td>x<td>1",
        "<td>9.00<td><td>17.00<td>乙<td><td>y<td>2",
    )
    assert [(line.amount, line.counterparty) for line in page(*down)] == [(800, "甲"), (0, "")], (
        "a row without a day waits"
    )
    mid = (
        "<td>2026-03-02<td>8.00<td rowspan=2><td>8.00<td>甲<td><td>x<td>1",
        "<td>2026-03-03<td>9.00<td>17.00<td>乙<td><td>y<td>2",
    )
    assert [line.amount for line in page(*mid)] == [800, 900]
    name = f'xmlns="{SPREADSHEET}" xmlns:ss="{SPREADSHEET}"'
    cell = '<Cell{}><Data ss:Type="{}">{}</Data></Cell>'.format
    head = "".join(cell("", "String", each) for each in HEADING.split(",")[:4])
    first = (
        cell("", "String", "2026-03-02")
        + cell("", "Number", "1234.5599999999999")
        + '<Cell ss:MergeDown="1"/>'
        + cell("", "Number", "1234.56")
    )
    second = (
        cell("", "String", "2026-03-03") + cell("", "Number", "1.2345E4") + cell("", "Number", "13579.56")
    )
    assert sums(
        f"<Workbook {name}><Table><Row>{head}</Row><Row>{first}</Row><Row>{second}</Row></Table></Workbook>"
    ) == [123_456, 1_234_500]


def test_a_long_page_is_read_to_its_end_and_a_message_is_no_page() -> None:
    style = "<style>" + "td { mso-number-format: x } " * 2_000 + "</style>"
    rows = "".join(
        f"<tr><td>2026-03-02<td><div>1.00<td><td>{number}.00<td>甲<td><td>x<td>{number}"
        for number in range(1, 600)
    )
    assert (
        len(
            read(
                f"<!-- made -->{style}<html><table><tr><td>{'<td>'.join(HEADING.split(','))}{rows}</table>"
            ).lines
        )
        == 599
    )
    message = camt(entry("1.00", "CRDT", detail("office:spreadsheet &lt;table"))).decode()
    assert (
        len(
            read(
                message.replace(
                    "<BkToCstmrStmt>",
                    "<!-- <table urn:schemas-microsoft-com:office:spreadsheet --><BkToCstmrStmt>",
                )
            ).lines
        )
        == 1
    )


@pytest.mark.parametrize(
    "text",
    [
        "<html><p>会话已超时,请重新登录</p></html>",
        "<html>",
        "<table></table>",
        f"<html><table><tr><td colspan='{'9' * 5_000}'>x</td></tr></table>",
        "<html><table>" + "<tr><td>x</td></tr>" * 300_000,
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Table><Row>',
        '<!DOCTYPE x [<!ENTITY a "b">]><Workbook xmlns="urn:schemas-microsoft-com:office:'
        'spreadsheet">&a;</Workbook>',
        "<table>" * 5_000 + "<tr><td>" * 5_000,
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Row><Cell '
        'Index="٣"/><Cell Index="99999999999"/><Cell MergeAcross="0"/></Row></Workbook>',
    ],
)
def test_a_page_that_is_no_table_is_refused_as_such(text: str) -> None:
    with pytest.raises(Problem):
        read(text)
