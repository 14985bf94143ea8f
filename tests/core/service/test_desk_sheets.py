"""Sheets that are out, and what their code words say, over a whole engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fenghuo.errors import FormatError, NotFound
from fenghuo.formats.code_word import code_of, shown
from fenghuo.model.delivery import Delivery, Outcome, Reached, Token
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Capabilities, SendJob
from fenghuo.store.tables import RECEIPT
from tests.core.engine.house import FakeChannel, House
from tests.core.service.manned import Manned, manned

RULES = """
[ladders.paper]
[[ladders.paper.rungs]]
channels = ["s"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
needed = "HUMAN"
deadline_s = 36000
ladder = "paper"
"""
PAPER = Capabilities(form="sheet", evidence_max=Evidence.DONE, receipt_q95_s=14_400, repeat_safe=True)


class PrintingDesk(FakeChannel):
    """Names each sheet by its code word; a desk that is cut off names nothing."""

    is_cut_off = False

    async def send(self, job: SendJob) -> Outcome:
        async with job.begin() as emission:
            self.token = emission.token
        if self.is_cut_off:
            raise ConnectionError
        return Reached(Evidence.ACCEPTED, (code_of(emission.token),))


@asynccontextmanager
async def printing(folder: Path, *, is_cut_off: bool = False) -> AsyncIterator[tuple[Manned, Delivery, str]]:
    """A desk with one sheet out: its delivery and its code word."""

    def paper(house: House) -> None:
        desk = PrintingDesk("s", house.sent)
        desk.is_cut_off = is_cut_off
        house.channel["s"] = desk

    async with manned(folder, rules=RULES, before=paper, s=PAPER) as there:
        await there.house.order("wang")
        (delivery,) = await there.house.deliveries("wang")
        yield there, delivery, shown(code_of(delivery.token))


async def test_a_sheet_is_out_until_somebody_has_read_it(tmp_path: Path) -> None:
    """Who carries it is seen meanwhile; who read it stays with the delivery."""
    async with printing(tmp_path) as (there, delivery, code):
        (line,) = await there.do("sheet.ls")
        assert (code, delivery.address, "ACCEPTED", "") == tuple(line[key] for key in ("code", "place", "evidence", "by"))
        taken = await there.do("sheet.receipt", code=code, by="王建国", level="taken")
        assert ("RELAYED", "王建国", delivery.id) == (taken["level"], taken["by"], taken["delivery"])
        (line,) = await there.do("sheet.ls")
        assert ("RELAYED", "王建国") == (line["evidence"], line["by"])
        await there.do("sheet.receipt", code=code, by="李四", text="12/14户")
        assert [] == await there.do("sheet.ls")
        (line,) = await there.do("sheet.ls", all=True)
        assert ("HUMAN", "李四 12/14户", "MET") == (line["evidence"], line["by"], line["state"])


async def test_what_is_done_counts_as_done_also_after_it_was_read(tmp_path: Path) -> None:
    """Each level once."""
    async with printing(tmp_path) as (there, delivery, code):
        await there.do("sheet.receipt", code=code, by="李四")
        await there.do("sheet.receipt", code=f"FH1:{code.replace('-', '')}", by="王五", level="done")
        (after,) = await there.house.deliveries("wang")
        assert Evidence.DONE == after.evidence
        texts = [receipt.text for receipt in await there.house.store.find(RECEIPT, "delivery = ? ORDER BY id", delivery.id)]
        assert ["李四", "王五"] == texts


async def test_a_code_that_was_used_says_by_whom_and_changes_nothing(tmp_path: Path) -> None:
    """The second clerk learns that the first was faster."""
    async with printing(tmp_path) as (there, delivery, code):
        await there.do("sheet.receipt", code=code, by="李四")
        for level in ("read", "taken"):
            with pytest.raises(FormatError) as refusal:
                await there.do("sheet.receipt", code=code, by="王五", level=level)
            assert f"the code {code} is used: it was receipted by 李四 at 1970-01-12T13:46:40.000Z; nothing is changed" == str(
                refusal.value
            )
        assert 1 == len(await there.house.store.find(RECEIPT, "delivery = ?", delivery.id))


async def test_a_sheet_of_a_doubtful_printing_is_known_all_the_same(tmp_path: Path) -> None:
    """Nobody knows whether it came out; whoever brings it back does."""
    async with printing(tmp_path, is_cut_off=True) as (there, delivery, code):
        assert "IN_DOUBT" == delivery.state
        await there.do("sheet.receipt", code=code, by="李四")
        (after,) = await there.house.deliveries("wang")
        assert ("MET", Evidence.HUMAN) == (after.state, after.evidence)


async def test_what_is_wrong_gets_a_sentence(tmp_path: Path) -> None:
    """A slip, a stranger's code, a level that there is not, nobody's name."""
    async with printing(tmp_path) as (there, _, code):
        stranger = shown(code_of(Token("stranger")))
        with pytest.raises(NotFound) as refusal:
            await there.do("sheet.receipt", code=stranger, by="李四")
        assert f"no sheet of this node bears the code {stranger}; look whether it is another centre's sheet" == str(refusal.value)
        wrong: dict[str, tuple[str, str, str]] = {
            "does not fit together": (code[:-1] + ("A" if code[-1] != "A" else "B"), "李四", "read"),
            "is not one of taken, read, done": (code, "李四", "seen"),
            "needs a name: who took it": (code, " ", "read"),
        }
        for says, (typed, by, level) in wrong.items():
            with pytest.raises(FormatError, match=says):
                await there.do("sheet.receipt", code=typed, by=by, level=level)


async def test_a_node_that_prints_nothing_says_so(tmp_path: Path) -> None:
    """And names what would."""
    async with manned(tmp_path) as there:
        with pytest.raises(NotFound, match=r'this node prints no sheets; a channel of type "runner\.sheet" does'):
            await there.do("sheet.ls")
