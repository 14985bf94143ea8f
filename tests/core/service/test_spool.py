"""The spool folder: what is taken, where it goes, and that a crash or a full store loses nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from fenghuo.errors import FenghuoError, KeyConflict, NotAllowed, Overloaded, StoreError, StoreFull
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.message import MessageId
from fenghuo.plugin.ports import Hints
from fenghuo.service.spool import LONGEST, Spool
from tests.scale import PATIENCE_S


class Intake:
    """Accepts everything, or says what a test put into `says`, once each."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.hints: list[Hints] = []
        self.says: list[Exception | Refused | tuple[Accepted | Refused, ...]] = []

    async def accept(self, raw: bytes, hints: Hints) -> tuple[Accepted | Refused, ...]:
        self.got.append(raw)
        self.hints.append(hints)
        answer = self.says.pop(0) if self.says else Accepted(MessageId("01M"), 1, "active")
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, tuple) else (answer,)


class Room:
    """A running spool over a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.intake = Intake()
        self._task: asyncio.Task[None] | None = None

    def start(self, settled_s: float = 0.05) -> None:
        spool = Spool(self.folder, self.intake.accept, source="met-station", settled_s=settled_s, rest_s=0.05)
        self._task = asyncio.create_task(spool.run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def put(self, name: str, raw: bytes = b"<alert/>") -> None:
        (self.folder / f".{name}.new").write_bytes(raw)
        (self.folder / f".{name}.new").rename(self.folder / name)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await asyncio.sleep(0.005)

    async def until_there(self, name: str) -> Path:
        await self.until((self.folder / name).exists)
        return self.folder / name


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(tmp_path / "spool")
    with capture_logs():
        yield room
        await room.stop()


@pytest.fixture
async def running(room: Room) -> Room:
    room.start()
    await room.until_there("refused")
    await asyncio.sleep(0)
    return room


async def test_a_renamed_file_is_taken(running: Room) -> None:
    """A file renamed into the folder is accepted as the spool's source and moved to accepted/ with its id."""
    running.put("a.xml", b"<alert>1</alert>")
    moved = await running.until_there("accepted/a.xml.01M")
    assert moved.read_bytes() == b"<alert>1</alert>"
    assert [Hints(source="met-station")] == running.intake.hints
    assert not (running.folder / "a.xml").exists()


async def test_a_file_is_taken_when_its_writer_closes_it(running: Room) -> None:
    """A file that is written in place is taken whole, at the close."""
    with (running.folder / "b.xml").open("wb") as out:
        out.write(b"first ")
        out.flush()
        await asyncio.sleep(0.05)
        out.write(b"second")
    await running.until_there("accepted/b.xml.01M")
    assert running.intake.got == [b"first second"]


async def test_what_was_there_at_the_start_is_taken(room: Room) -> None:
    """Files that came while nobody watched are taken at the start, the oldest first."""
    room.folder.mkdir()
    for age, name in ((10, "new.xml"), (20, "old.xml")):
        (room.folder / name).write_bytes(name.encode())
        os.utime(room.folder / name, (1_000_000 - age, 1_000_000 - age))
    room.start()
    await room.until_there("accepted/new.xml.01M")
    assert room.intake.got == [b"old.xml", b"new.xml"]


async def test_a_young_file_at_the_start_is_looked_at_again(room: Room) -> None:
    """A file that may still be written at the start is left to settle, and taken though nobody closes it."""
    room.folder.mkdir()
    (room.folder / "young.xml").write_bytes(b"x")
    room.start(settled_s=0.2)
    await room.until_there("accepted/young.xml.01M")


@pytest.mark.parametrize("name", [".hidden.xml", "a.tmp", "a.part"])
async def test_unfinished_names_are_left_alone(running: Room, name: str) -> None:
    """Names of unfinished files are never read."""
    (running.folder / name).write_bytes(b"half")
    running.put("done.xml")
    await running.until_there("accepted/done.xml.01M")
    assert (running.intake.got, True) == ([b"<alert/>"], (running.folder / name).exists())


async def test_only_plain_files_are_taken(running: Room, tmp_path: Path) -> None:
    """Links, folders and pipes are left alone: a link could name any file of this machine."""
    (tmp_path / "secret").write_bytes(b"secret")
    (running.folder / "link.xml").symlink_to(tmp_path / "secret")
    (running.folder / "folder.xml").mkdir()
    os.mkfifo(running.folder / "pipe.xml")
    running.put("done.xml")
    await running.until_there("accepted/done.xml.01M")
    assert running.intake.got == [b"<alert/>"]


async def test_a_refusal_lies_beside_its_reason(running: Room) -> None:
    """A refused file goes to refused/ with a sentence beside it."""
    running.intake.says = [Refused(5, "doctype", "a DOCTYPE is never looked at", "line 1")]
    running.put("bad.xml")
    await running.until_there("refused/bad.xml")
    assert (running.folder / "refused/bad.xml.txt").read_text() == "a DOCTYPE is never looked at (at line 1)\n"


async def test_a_file_of_several_says_what_became_of_each(running: Room) -> None:
    """One refusal among them, and the file lies where a person looks, with a line for each."""
    running.intake.says = [(Accepted(MessageId("01M"), 1, "active"), Refused(5, "doctype", "a DOCTYPE is never looked at", "line 1"))]
    running.put("feed.xml")
    await running.until_there("refused/feed.xml")
    reasons = (running.folder / "refused/feed.xml.txt").read_text()
    assert "no. 1: accepted as 01M\nno. 2: a DOCTYPE is never looked at (at line 1)\n" == reasons


async def test_a_file_of_several_good_ones_is_accepted(running: Room) -> None:
    """Under the id of the first."""
    running.intake.says = [(Accepted(MessageId("01M"), 1, "active"), Accepted(MessageId("01N"), 1, "active"))]
    running.put("feed.xml")
    await running.until_there("accepted/feed.xml.01M")


@pytest.mark.parametrize("error", [KeyConflict("k"), NotAllowed("met-station may not do this")])
async def test_a_denial_is_a_refusal(running: Room, error: FenghuoError) -> None:
    """What this source may not say is refused with the desk's sentence."""
    running.intake.says = [error]
    running.put("bad.xml")
    await running.until_there("refused/bad.xml")
    assert str(error) in (running.folder / "refused/bad.xml.txt").read_text()


async def test_a_second_refusal_of_one_name_keeps_the_first(running: Room) -> None:
    """A refused file never overwrites an earlier one."""
    running.intake.says = [Refused(5, "x", "no"), Refused(6, "x", "no again")]
    running.put("bad.xml", b"1")
    await running.until_there("refused/bad.xml")
    running.put("bad.xml", b"2")
    await running.until_there("refused/bad.xml.2")
    assert ((running.folder / "refused/bad.xml").read_bytes(), (running.folder / "refused/bad.xml.2").read_bytes()) == (b"1", b"2")


async def test_a_file_too_long_is_refused_unread(running: Room) -> None:
    """A file past the limit of intake is refused without being given to it."""
    running.put("long.xml", b"x" * (LONGEST + 1))
    await running.until_there("refused/long.xml")
    assert running.intake.got == []


@pytest.mark.parametrize(
    "error", [Overloaded("20000 wait", retry_after_s=0.02), StoreFull("2 % of the disk is free"), StoreError("the disk failed")]
)
async def test_not_now_is_not_never(running: Room, error: FenghuoError) -> None:
    """While the store cannot take it the file stays, and is accepted as soon as it can."""
    running.intake.says = [error, error]
    running.put("a.xml")
    await running.until_there("accepted/a.xml.01M")
    assert len(running.intake.got) == 3


async def test_a_crash_between_commit_and_move_loses_nothing(room: Room) -> None:
    """A file whose commit was made and whose move was not is given to intake again, which knows it."""
    committed, go_on = asyncio.Event(), asyncio.Event()
    accept = room.intake.accept

    async def accept_and_hang(raw: bytes, hints: Hints) -> tuple[Accepted | Refused, ...]:
        accepted = await accept(raw, hints)
        committed.set()
        await go_on.wait()
        return accepted

    room.folder.mkdir()
    spool = asyncio.create_task(Spool(room.folder, accept_and_hang, source="met-station", settled_s=0.0).run())
    await room.until_there("refused")
    room.put("a.xml")
    await committed.wait()
    spool.cancel()
    await asyncio.gather(spool, return_exceptions=True)
    assert (room.folder / "a.xml").exists()
    room.start()
    await room.until_there("accepted/a.xml.01M")
    assert room.intake.got == [b"<alert/>", b"<alert/>"]


async def test_a_folder_that_goes_away_is_made_again(running: Room) -> None:
    """When the folder is moved away it is made anew, and files are taken there."""
    running.folder.rename(running.folder.with_name("elsewhere"))
    await running.until_there("refused")
    running.put("a.xml")
    await running.until_there("accepted/a.xml.01M")


async def test_a_file_that_we_fail_at_holds_up_no_other(running: Room) -> None:
    """It lies in refused/ with the reason and its trace is in the log; those behind it are taken."""
    running.intake.says = [TypeError("a fault of ours")]
    for name in ("a.xml", "b.xml"):
        running.put(name, name.encode())
    await running.until_there("accepted/b.xml.01M")
    assert b"a.xml" == (running.folder / "refused/a.xml").read_bytes()
    assert "a fault of ours" in (running.folder / "refused/a.xml.txt").read_text()
