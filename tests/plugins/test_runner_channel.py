"""The desk that prints: what comes out where, what is claimed of it, and what comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from fenghuo import (
    AttemptRef,
    ChannelContext,
    ConfigError,
    Denied,
    Evidence,
    Inbound,
    NotReady,
    Outcome,
    Paged,
    Permanent,
    Priority,
    ProbeBudget,
    Reached,
    Rendition,
    Scope,
    Token,
    Traffic,
    Transient,
    Unknown,
    Unsupported,
    Withdrawn,
)
from fenghuo.formats.code_word import code_of
from fenghuo.formats.sheet import sheet_body
from fenghuo_runner import SheetSettings
from fenghuo_runner.channel import AGAIN_S, SheetChannel
from tests.core.formats.test_renditions import alert
from tests.plugins.narrowband_fakes import FakeClock, FakeContext, FakeEmission, FakeJob
from tests.scale import PATIENCE_S

CODE = code_of(Token("t-1"))
"""Of the one emission that the fake job licenses."""
REF = AttemptRef(Token("t-1"), 1, "洪泾村")
OUT = Reached(Evidence.ACCEPTED, (CODE,))


class SheetContext(FakeContext):
    """Has a list of households where a test put one."""

    files: dict[str, str]

    def secret(self, path: str) -> str:
        if path not in self.files:
            raise ConfigError(f"the file {path} does not exist")
        return self.files[path]


def settings(folder: Path, **more: Any) -> SheetSettings:
    for name in ("out", "back"):
        (folder / name).mkdir(exist_ok=True)
    usual = {"out_folder": str(folder / "out"), "returns_folder": str(folder / "back"), "charset": "utf-8", "look_s": 0.01}
    return SheetSettings(**{**usual, **more})


async def started(made: SheetSettings, clock: FakeClock | None = None, **files: str) -> SheetChannel:
    context = SheetContext(made, clock=clock or FakeClock())  # type: ignore[arg-type]  # the fake is of another plugin
    context.files = files
    channel = SheetChannel(cast(ChannelContext, context))  # it has all that this channel asks for
    await channel.start()
    return channel


def job(place: str = "洪泾村", *, payload: Rendition | None = None, denied: Denied | None = None) -> FakeJob:
    made = FakeJob(place, denied=denied)
    made.emission = FakeEmission(payload or sheet_body(alert()))
    return made


async def sent(channel: SheetChannel, place: str = "洪泾村") -> Outcome:
    return await channel.send(job(place))


async def back(channel: SheetChannel, count: int = 1) -> list[Inbound]:
    """So many things that come in, each acknowledged as soon as it is there."""
    found: list[Inbound] = []
    async with asyncio.timeout(PATIENCE_S):
        async for one in channel.inbound():
            await one.ack()
            found.append(one)
            if len(found) == count:
                break
    return found


async def test_a_folder_gets_the_page_and_the_lines_under_the_code_word(tmp_path: Path) -> None:
    """ACCEPTED and no more: that somebody carries it, nobody has said."""
    channel = await started(settings(tmp_path, carriers={"洪泾": "王建国"}))
    assert OUT == await sent(channel, "洪泾村3组")
    assert [f"{CODE}.pdf", f"{CODE}.txt"] == sorted(path.name for path in (tmp_path / "out").iterdir())
    text = (tmp_path / "out" / f"{CODE}.txt").read_text()
    assert [True] * 3 == [part in text for part in ("送往：洪泾村3组", "送达人：王建国", "任务：停止户外作业。")]
    assert (tmp_path / "out" / f"{CODE}.pdf").read_bytes().startswith(b"%PDF-")


async def test_a_printer_of_lines_gets_each_sheet_once_in_its_own_character_set(tmp_path: Path) -> None:
    """What is on the roll already stays there."""
    channel = await started(settings(tmp_path, out_folder="", printer_path=str(tmp_path / "lp0"), charset="gb18030", columns=24))
    assert [OUT, OUT] == [await sent(channel), await sent(channel)]
    text = (tmp_path / "lp0").read_bytes().decode("gb18030")
    assert (2, True) == (text.count("回执码："), all(len(line) <= 24 for line in text.splitlines() if not line.startswith("-")))


async def test_a_command_gets_the_page_on_its_standard_input(tmp_path: Path) -> None:
    """As `lp` takes it."""
    channel = await started(settings(tmp_path, out_folder="", command=("tee", str(tmp_path / "printed"))))
    assert OUT == await sent(channel)
    assert (tmp_path / "printed").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("command", [("sh", "-c", "cat >/dev/null; echo jam >&2; exit 3"), ("sleep", "30")])
async def test_a_command_that_fails_leaves_a_doubt(tmp_path: Path, command: tuple[str, ...]) -> None:
    """It may have printed before it failed."""
    channel = await started(settings(tmp_path, out_folder="", command=command, print_s=0.3))
    assert Unknown("printer") == await sent(channel)


async def test_a_list_of_households_goes_with_the_sheet(tmp_path: Path) -> None:
    """Those of the place; and one that cannot be read is told on the sheet, which goes out all the same."""
    houses = "place,household,people,note\n洪泾村3组,张三,3,行动不便\n香塘村,李四,2,\n"
    channel = await started(settings(tmp_path, households_file="houses"), houses=houses)
    await sent(channel)
    text = (tmp_path / "out" / f"{CODE}.txt").read_text()
    assert ("□ 1. 洪泾村3组 张三 3人 行动不便" in text, "李四" in text) == (True, False)
    channel = await started(settings(tmp_path, households_file="gone"))
    assert OUT == await sent(channel)
    assert "住户名单：读不出（the file gone does not exist）" in (tmp_path / "out" / f"{CODE}.txt").read_text()


async def test_a_bad_place_is_no_fault_of_the_channel(tmp_path: Path) -> None:
    """And nothing is asked for."""
    bad = job("村" * 61)
    assert (Permanent(Scope.RECIPIENT, "bad-place"), 0) == (await (await started(settings(tmp_path))).send(bad), bad.begun)


async def test_a_payload_that_is_no_sheet_prints_nothing(tmp_path: Path) -> None:
    """Certainly not sent."""
    wrong = job(payload=Rendition("sheet", "x", b"x"))
    assert Permanent(Scope.MESSAGE, "no-layout") == await (await started(settings(tmp_path))).send(wrong)
    assert [] == list((tmp_path / "out").iterdir())


async def test_a_refused_licence_passes_through(tmp_path: Path) -> None:
    """Nothing is printed."""
    with pytest.raises(Withdrawn):
        await (await started(settings(tmp_path))).send(job(denied=Withdrawn("met")))
    assert [] == list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"out_folder": "/nowhere/out"}, "out_folder /nowhere/out is no folder that can be written to"),
        ({"printer_path": "/nowhere/lp0"}, "printer_path /nowhere/lp0 is not there or cannot be written to"),
        ({"command": ("no-such-program",)}, "the program no-such-program of command is not installed"),
        ({"returns_folder": "/nowhere/back"}, "returns_folder /nowhere/back is no folder that can be written to"),
    ],
)
async def test_what_is_not_there_is_waited_for(tmp_path: Path, more: dict[str, Any], says: str) -> None:
    """A start without its outlet says which, and the channel is tried again."""
    with pytest.raises(NotReady) as refusal:
        await started(settings(tmp_path, **more))
    assert says == str(refusal.value)


async def test_an_outlet_that_goes_away_takes_no_licence(tmp_path: Path) -> None:
    """The order waits; the probe says why."""
    channel = await started(settings(tmp_path))
    assert (await channel.probe(ProbeBudget())).answered
    (tmp_path / "out").rmdir()
    waits = job()
    assert (Transient(Scope.CHANNEL, "no-printer"), 0) == (await channel.send(waits), waits.begun)
    probed = await channel.probe(ProbeBudget())
    assert (False, f"out_folder {tmp_path / 'out'} is no folder that can be written to") == (probed.answered, probed.detail)


async def test_what_was_stopped_prints_nothing(tmp_path: Path) -> None:
    """Also what was asked for before."""
    channel = await started(settings(tmp_path))
    await channel.stop(0)
    assert Transient(Scope.CHANNEL, "stopped") == await sent(channel)
    assert [] == list((tmp_path / "out").iterdir())


async def test_a_folder_is_asked_what_became_of_a_sheet(tmp_path: Path) -> None:
    """It is in it whole or it never came out; where paper came out too, nobody can say."""
    channel = await started(settings(tmp_path))
    assert Transient(Scope.MESSAGE, "not-out") == await channel.query(REF)
    await sent(channel)
    assert OUT == await channel.query(REF)
    for path in (tmp_path / "out").iterdir():
        path.unlink()
    (tmp_path / "out").rmdir()
    assert Unknown("no-folder") == await channel.query(REF)
    printer = await started(settings(tmp_path, printer_path=str(tmp_path / "lp0")))
    assert Unsupported() == await printer.query(REF)


async def test_a_code_that_comes_back_is_a_persons_receipt_and_is_taken_away_once_kept(tmp_path: Path) -> None:
    """With who took it; in the order in which they came."""
    channel = await started(settings(tmp_path))
    for number, words in enumerate((f"FH1:{CODE} 王五 取走", f"FH1:{CODE} 李四")):
        (tmp_path / "back" / f"{number}.scan").write_text(words)
    taken, read = await back(channel, 2)
    assert (CODE, Evidence.RELAYED, "王五") == (taken.ref, taken.level, taken.text)
    assert (CODE, Evidence.HUMAN, "李四") == (read.ref, read.level, read.text)
    assert [] == list((tmp_path / "back").iterdir())


async def test_a_code_that_is_being_kept_is_not_handed_over_again(tmp_path: Path) -> None:
    """Until it is plain that nothing came of it; then it is, for it still lies there."""
    clock = FakeClock()
    channel = await started(settings(tmp_path), clock)
    (tmp_path / "back" / "1.scan").write_text(f"FH1:{CODE} 李四")
    stream = channel.inbound()
    async with asyncio.timeout(PATIENCE_S):
        assert "李四" == (await anext(stream)).text
        (tmp_path / "back" / "2.scan").write_text(f"FH1:{CODE} 王五")
        assert "王五" == (await anext(stream)).text
        clock.now += AGAIN_S
        assert "李四" == (await anext(stream)).text


async def test_what_is_no_code_is_set_aside_for_a_person(tmp_path: Path) -> None:
    """It stops nothing behind it; a file that is being written is left alone."""
    channel = await started(settings(tmp_path))
    (tmp_path / "back" / "0.scan").write_bytes(b"\xff\xfe")
    (tmp_path / "back" / "1.scan").write_text("6901234567892")
    (tmp_path / "back" / ".2.scan").write_text(f"FH1:{CODE} 李")
    (tmp_path / "back" / "3.scan").write_text(f"FH1:{CODE}")
    assert [CODE] == [one.ref for one in await back(channel)]
    assert ["0.scan", "1.scan"] == sorted(path.name for path in (tmp_path / "back" / "unread").iterdir())
    assert (tmp_path / "back" / ".2.scan").exists()


async def test_a_file_in_the_place_of_the_folder_for_the_unread_stops_nothing(tmp_path: Path) -> None:
    """Neither can be moved; what is behind them comes in all the same, and once the way is free they are set aside."""
    clock = FakeClock()
    channel = await started(settings(tmp_path), clock)
    (tmp_path / "back" / "unread").write_text("6901234567892")
    (tmp_path / "back" / "0.scan").write_text("6901234567892")
    (tmp_path / "back" / "1.scan").write_text(f"FH1:{CODE}")
    assert [CODE] == [one.ref for one in await back(channel)]
    assert ["0.scan", "unread"] == sorted(path.name for path in (tmp_path / "back").iterdir())
    (tmp_path / "back" / "unread").unlink()
    clock.now += AGAIN_S
    (tmp_path / "back" / "2.scan").write_text(f"FH1:{CODE}")
    assert [CODE] == [one.ref for one in await back(channel)]
    assert ["0.scan"] == [path.name for path in (tmp_path / "back" / "unread").iterdir()]


async def test_the_estimate_says_how_long_a_person_takes(tmp_path: Path) -> None:
    """Nothing is on the air, and nothing is paid."""
    estimate = (await started(settings(tmp_path, there_s=120, back_s=600))).estimate(Rendition("sheet", "转移", "转移".encode()), "洪泾村")
    assert (120.0, 600.0, 0.0, 0.0) == (estimate.latency_q50_s, estimate.latency_q95_s, estimate.airtime_s, estimate.fee_fen)


class Page:
    """Fills SendPage: some places under one licence."""

    def __init__(self, *places: str) -> None:
        self.addresses: Sequence[str] = places
        self.address_kind, self.priority, self.traffic = "place", Priority.P1, Traffic.ACTUAL
        self.size, self.deadline, self.number, self.pages = 0, 1e9, 1, 3
        self.begun = 0

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[FakeEmission]:
        self.begun += 1
        yield FakeEmission(sheet_body(alert()))


async def test_a_page_of_the_roll_is_one_sheet_with_a_box_for_everybody(tmp_path: Path) -> None:
    """Under one licence, with what the list is and is not."""
    channel = await started(settings(tmp_path))
    page = Page("洪泾村1组 张三", "洪泾村2组 李四", "洪泾村3组 王五")
    assert (OUT, 1) == (await channel.send_page(page), page.begun)
    lines = (tmp_path / "out" / f"{CODE}.txt").read_text().splitlines()
    assert "送往：洪泾村等3处" in lines
    assert ["□ 1. 洪泾村1组 张三", "□ 2. 洪泾村2组 李四", "□ 3. 洪泾村3组 王五"] == [line for line in lines if line[0] == "□"]
    known = "打印时均未在本渠道确认；其他渠道是否已通知、名册以外的住户，本单不知。"
    assert f"住户名单：共3户，公众名册第1/3页，{known}" in lines


async def test_what_is_no_place_on_a_page_is_told_and_the_rest_goes(tmp_path: Path) -> None:
    """A page of nothing else takes no licence."""
    channel = await started(settings(tmp_path))
    bad = Permanent(Scope.RECIPIENT, "bad-place")
    assert Paged(OUT, ((1, bad),)) == await channel.send_page(Page("洪泾村", "村" * 61, "香塘村"))
    lost = Page("村" * 61)
    assert (bad, 0) == (await channel.send_page(lost), lost.begun)
    await channel.stop(0)
    waits = Page("洪泾村")
    assert (Transient(Scope.CHANNEL, "stopped"), 0) == (await channel.send_page(waits), waits.begun)


async def test_a_sheet_of_the_roll_that_is_back_is_about_everybody_who_was_met(tmp_path: Path) -> None:
    """Also where a small printer got its lines wrapped."""
    channel = await started(settings(tmp_path, printer_path=str(tmp_path / "lp0"), columns=8))
    await channel.send_page(Page("洪泾村1组 张三", "洪泾村2组 李四", "洪泾村3组 王五"))
    (tmp_path / "back" / "1.scan").write_text(f"FH1:{CODE} 王建国 缺1,3")
    (read,) = await back(channel)
    assert (("洪泾村2组 李四",), "王建国") == (read.addresses, read.text)
    await sent(channel)
    (tmp_path / "back" / "2.scan").write_text(f"FH1:{CODE} 王建国")
    assert [()] == [one.addresses for one in await back(channel)]
