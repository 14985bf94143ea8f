"""A sheet for a page of the public's roll comes back, over a whole engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fenghuo.errors import FormatError
from fenghuo.formats.code_word import code_of, shown
from fenghuo.model.delivery import ObjectiveState, Outcome, Paged, Reached
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Capabilities, SendPage
from tests.core.engine.house import FakeChannel, House
from tests.core.engine.public import NEED_DEVICE, SOUTH_AREA, alert, enrol, rows
from tests.core.service.manned import Manned, manned

RULES = NEED_DEVICE.replace('channels = ["a", "b"]', 'channels = ["s"]').replace('needed = "DEVICE"\n', 'needed = "HUMAN"\n', 1)
PAPER = Capabilities(form="sheet", evidence_max=Evidence.DONE, receipt_q95_s=14_400, repeat_safe=True, batch=True)
HOUSES = ["洪泾村1组 张三", "洪泾村1组 李四", "洪泾村2组 王五", "洪泾村2组 赵六"]


class PrintingDesk(FakeChannel):
    """Names each page by its code word; a desk that is cut off names nothing."""

    is_cut_off = False

    async def send_page(self, page: SendPage) -> Outcome | Paged:
        async with page.begin() as emission:
            self.printed = tuple(page.addresses)
        if self.is_cut_off:
            raise ConnectionError
        return Reached(Evidence.ACCEPTED, (code_of(emission.token),))


@asynccontextmanager
async def printed(folder: Path, *, is_cut_off: bool = False) -> AsyncIterator[tuple[Manned, tuple[str, ...], str]]:
    """A desk with one sheet out for four households: the places as they are printed, and the code word."""

    def paper(house: House) -> None:
        house.channel["s"] = PrintingDesk("s", house.sent)
        house.channel["s"].is_cut_off = is_cut_off  # type: ignore[attr-defined]  # a desk, put there in the line before

    async with manned(folder, rules=RULES, before=paper, s=PAPER) as there:
        await enrol(there.house, [], sorted(HOUSES, key=str.encode))
        await alert(there.house, "one", SOUTH_AREA)
        (page,) = await rows(there.house)
        desk = there.house.channel["s"]
        assert isinstance(desk, PrintingDesk)
        yield there, desk.printed, shown(code_of(page.token))


async def known(there: Manned) -> list[Evidence]:
    (page,) = await rows(there.house)
    return [Evidence(mark & 7) for mark in page.marks]


async def test_everybody_on_a_sheet_counts_but_those_who_were_missed(tmp_path: Path) -> None:
    """By number or by place; a second receipt is for those who were missed the first time."""
    async with printed(tmp_path) as (there, places, code):
        (line,) = await there.do("sheet.ls")
        assert (code, "0 of 4 households", "ACCEPTED", SOUTH_AREA) == tuple(line[key] for key in ("code", "recipient", "evidence", "place"))
        said = await there.do("sheet.receipt", code=code, by="王建国", missed=["2", places[2]])
        assert ("2 of 4 households", "HUMAN", "王建国") == (said["recipient"], said["level"], said["by"])
        human, printed_only = Evidence.HUMAN, Evidence.ACCEPTED
        assert [human, printed_only, printed_only, human] == await known(there)
        said = await there.do("sheet.receipt", code=code, by="王建国", missed=["3"])
        assert "1 of 4 households" == said["recipient"]
        await there.do("sheet.receipt", code=code, by="李四")
        assert [human] * 4 == await known(there)
        assert [ObjectiveState.MET] == [row.state for row in await there.house.objectives()]
        assert [] == await there.do("sheet.ls")


async def test_a_sheet_that_is_all_back_is_used(tmp_path: Path) -> None:
    """And says so; what is done is more than read."""
    async with printed(tmp_path) as (there, _, code):
        await there.do("sheet.receipt", code=code, by="王建国")
        with pytest.raises(FormatError) as refusal:
            await there.do("sheet.receipt", code=code, by="李四")
        assert f"the code {code} is used: all 4 of it count as HUMAN already; nothing is changed" == str(refusal.value)
        await there.do("sheet.receipt", code=code, by="王建国", level="done")
        assert [Evidence.DONE] * 4 == await known(there)


async def test_a_sheet_of_a_doubtful_printing_is_known_all_the_same(tmp_path: Path) -> None:
    """By the token that was committed before anything came out."""
    async with printed(tmp_path, is_cut_off=True) as (there, _, code):
        await there.do("sheet.receipt", code=code, by="王建国")
        assert [Evidence.HUMAN] * 4 == await known(there)


@pytest.mark.parametrize(
    ("missed", "says"),
    [
        ("5", "the number 5 does not stand on the sheet {code}, which goes from 1 to 4"),
        ("0", "the number 0 does not stand on the sheet {code}, which goes from 1 to 4"),
        ("香塘村", "'香塘村' does not stand on the sheet {code}"),
    ],
)
async def test_who_is_not_on_the_sheet_cannot_be_missed_on_it(tmp_path: Path, missed: str, says: str) -> None:
    """A slip must not count somebody who was missed."""
    async with printed(tmp_path) as (there, _, code):
        with pytest.raises(FormatError) as refusal:
            await there.do("sheet.receipt", code=code, by="王建国", missed=[missed])
        assert says.format(code=code) == str(refusal.value)
        assert [Evidence.ACCEPTED] * 4 == await known(there)
