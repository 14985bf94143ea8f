"""The unmodified daemon killed at each of its own writes, syncs and renames, and its disk made to fail: strace injects, peers judge.

Source: reliability.md §4, Kill injection. A kill lands before the call; `when` counts for each thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.e2e.node import Node, NotStarted, Person, Traced, orders, sms
from tests.peers.smsc import Smsc
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block("the test writes settings itself"), pytest.mark.timeout(600)]

BURST = 4
KEY = re.compile(r"命令(\d{5})号")
MARK = "重发"
RULES = orders("sms", deadline_s=300)
FIRST_LIFE = {"fsync": (1,), "rename": (1,), "ftruncate": (1,), "fdatasync": (1, 2, 3, 5, 8, 13), "pwrite64": (1, 2, 3, 5, 8, 13, 21)}
"""Before which calls the kill lands while there is no store yet: 16 points."""
LATER_LIVES = {"pwrite64": (*range(1, 40), *range(41, 138, 2)), "fdatasync": range(1, 10)}
"""A life with its four orders writes some 140 times and syncs ten times: 97 points; a few of the last find their life over."""
LIVES_OF_A_STORE = 12
RECEIPT_Q95_S = 1.0
"""So long a doubt waits for word of what was cut off; then a marked copy goes out."""


def can_trace() -> bool:
    """Whether this machine lets one process trace another."""
    tried = subprocess.run(["strace", "-q", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return tried.returncode == 0


pytestmark.append(pytest.mark.skipif(not can_trace(), reason="strace may not trace here: ptrace is refused"))


def injected(folder: Path, call: str, what: str, *, told: Path = Path("/dev/null")) -> list[str]:
    """The command that does `what` at a call of the daemon on the files of its state folder. `told`: where each call is written down."""
    state = folder / "state"
    names = ("fenghuo.sqlite", "fenghuo.sqlite-wal", ".store.id.new", "store.id", "audit.heads", ".audit.key.new")
    paths = list(itertools.chain.from_iterable(("-P", str(state / name)) for name in names))
    return ["strace", "-f", "-q", "-o", str(told), *paths, "-e", f"trace={call}", *(("-e", f"inject={call}:{what}") if what else ())]


class Lives:
    """One life after another, each ended by its own system call. `promised`: what got a 202; `settle` makes a node in a folder."""

    def __init__(self, settle: Callable[[Path], Node], folder: Path, smsc: Smsc) -> None:
        self.node, self.smsc, self._settle = settle(folder), smsc, settle
        self.promised: set[int] = set()
        self.unanswered: set[int] = set()
        self.deaths: Counter[str] = Counter()
        self._asked = 0

    async def life(self, call: str, number: int) -> bool:
        """Start, order, die before the `number`-th `call`; False if this life had no such call."""
        under = injected(self.node.folder, call, f"signal=KILL:when={number}")
        try:
            await self.node.start(under=under)
        except NotStarted:
            died = True
            await self.node.kill()
        else:
            await self.retry()
            await self.orders()
            died = await self._dies()
        self.deaths[call] += died
        return died

    async def counted(self, call: str) -> int:
        """How many such calls a life makes while nothing ends it."""
        log = self.node.folder / "calls"
        await self.node.start(under=injected(self.node.folder, call, "", told=log))
        await self.orders()
        await self.node.kill()
        return log.read_text().count(f"{call}(")

    async def failing_life(self, call: str, number: int, error: str) -> bool:
        """Start, order, and have the `number`-th `call` fail; ask until everybody is promised; False if this life had no such call."""
        log = self.node.folder / "calls"
        try:
            await self.node.start(under=injected(self.node.folder, call, f"error={error}:when={number}", told=log))
        except NotStarted:
            await self.node.kill()
            await self.node.start()
        await self.retry()
        await self.orders()
        await self.insist()
        await self.node.kill()
        return "(INJECTED)" in log.read_text()

    async def end(self) -> None:
        """A life without a fault, in which whoever got no answer asks again, and everything arrives."""
        await self.node.start()
        await self.retry()
        assert set() == self.unanswered
        await self.smsc.wait_for(lambda: self.promised <= set(self.seen()))

    async def anew(self, folder: Path) -> None:
        """Let everything arrive, and go on in a folder where there is no store yet."""
        await self.end()
        await self.node.close()
        folder.mkdir()
        self.node = self._settle(folder)

    async def move(self, folder: Path) -> None:
        """Let everything arrive, and go on with a new store: each start reads all that is in force, and would read all that ever was."""
        await self.anew(folder)
        await self.node.start()
        await self.node.kill()

    def seen(self) -> Counter[int]:
        return Counter(int(number) for submit in self.smsc.submits for number in KEY.findall(submit.text))

    def unmarked(self) -> Counter[int]:
        texts = [submit.text for submit in self.smsc.submits if MARK not in submit.text]
        return Counter(int(number) for text in texts for number in KEY.findall(text))

    async def _dies(self) -> bool:
        """Whether the call comes while the orders go out; the life is ended if not."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                while self.node.is_alive:
                    await asyncio.sleep(0.02)
                await self.node.kill()
                return True
        await self.node.kill()
        return False

    async def retry(self) -> None:
        for number in sorted(self.unanswered):
            await self._order(number)

    async def insist(self) -> None:
        """Ask until everybody has an answer, starting the daemon anew when it has ended."""
        async with asyncio.timeout(PATIENCE_S):
            while self.unanswered:
                if not self.node.is_alive:
                    await self.node.start()
                await self.retry()
                await asyncio.sleep(0.1)

    async def orders(self) -> None:
        first, self._asked = self._asked, self._asked + BURST
        await asyncio.gather(*(self._order(number) for number in range(first, self._asked)))

    async def _order(self, number: int) -> None:
        """The same key each time: whoever got no answer asks again, and is promised one order."""
        status, _ = await self.node.order(f"p{number % BURST}", f"命令{number:05d}号", key=f"k{number}", priority="P1")
        if status == 202:
            self.promised.add(number)
            self.unanswered.discard(number)
        else:
            self.unanswered.add(number)


@contextlib.asynccontextmanager
async def lives(folder: Path) -> AsyncIterator[Lives]:
    async with Smsc(delay_ms=0) as smsc:
        channels = {"sms": sms(smsc.port, receipt_q95_s=RECEIPT_Q95_S)}

        stores = itertools.count()

        def settle(place: Path) -> Node:
            store = next(
                stores
            )  # numbers of its own: a report that the centre still owes to the store before must not be taken for one of these
            people = [Person(f"p{n}", f"+86138{store:04d}{n:04d}") for n in range(BURST)]
            return Traced(place, channels=channels, persons=people, rules=RULES)

        told = Lives(settle, folder, smsc)
        try:
            yield told
        finally:
            await told.node.close()


def places(made: int) -> list[int]:
    """Each of the first hundred calls and of the last two hundred, and every fiftieth of those between."""
    return [number for number in range(1, made + 1) if number <= 100 or number > made - 200 or number % 50 == 0]


def points(calls: Mapping[str, Sequence[int]]) -> Iterator[tuple[str, int]]:
    for call, numbers in calls.items():
        yield from ((call, number) for number in numbers)


async def test_nothing_promised_is_lost_at_any_call(tmp_path: Path) -> None:
    """Every id that got a 202 is seen at the centre; a copy is marked, and there is at most one more for each death."""
    async with lives(tmp_path) as told:
        for call, number in points(FIRST_LIFE):
            await told.life(call, number)
        for count, (call, number) in enumerate(points(LATER_LIVES)):
            if count % LIVES_OF_A_STORE == 0:
                await told.move(tmp_path / f"{count}")
            await told.life(call, number)
        await told.end()
        died = sum(told.deaths.values())
        print(f"{died} deaths {dict(told.deaths)}, {len(told.promised)} promised, {sum(told.seen().values())} submitted")
        assert died >= 100, told.deaths
        assert set() == told.promised - set(told.seen())
        assert {1} == set(told.unmarked().values())
        assert sum(told.seen().values()) - len(told.seen()) <= died * BURST


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "fsync", "rename", "unlink", "ftruncate"])
async def test_until_a_life_has_no_such_call(tmp_path: Path, call: str) -> None:
    """Complete, not random: the first, the second, the third … until a whole life passes without."""
    async with lives(tmp_path) as told:
        await told.end()
        await told.node.kill()
        for number in itertools.count(1):
            if not await told.life(call, number):
                break
            if number % LIVES_OF_A_STORE == 0:
                await told.move(tmp_path / f"{number}")
        await told.end()
        print(f"{told.deaths[call]} deaths at {call}, {len(told.promised)} promised")
        assert set() == told.promised - set(told.seen())
        assert {1} == set(told.unmarked().values())


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("call", "least"), [("pwrite64", 20), ("fdatasync", 10), ("fsync", 1), ("rename", 1), ("ftruncate", 1)])
async def test_until_a_first_life_has_no_such_call(tmp_path: Path, call: str, least: int) -> None:
    """The same while the store, its marker and the audit's key are being made, each time in a folder of its own.

    Making the log as long as it will be takes some thousand calls that are alike: of those every fiftieth.
    """
    async with lives(tmp_path) as told:
        made = await told.counted(call)
        for number in itertools.chain(places(made), itertools.count(made + 1)):
            await told.anew(tmp_path / f"{number}")
            if not await told.life(call, number) and number > made:
                break
        await told.end()
        print(f"{told.deaths[call]} deaths at {call} in a first life, {len(told.promised)} promised")
        assert told.deaths[call] >= least
        assert set() == told.promised - set(told.seen())
        assert {1} == set(told.unmarked().values())


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("call", "error"), [("fdatasync", "EIO"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC")])
async def test_a_disk_that_fails_at_any_call_costs_no_promise(tmp_path: Path, call: str, error: str) -> None:
    """Complete as well: at the first, the second … until a whole life passes without."""
    async with lives(tmp_path) as told:
        await told.end()
        await told.node.kill()
        for number in itertools.count(1):
            if not await told.failing_life(call, number, error):
                break
            if number % LIVES_OF_A_STORE == 0:
                await told.move(tmp_path / f"{number}")
        await told.end()
        print(f"{number - 1} failures of {call} with {error}, {len(told.promised)} promised")
        assert number > 1
        assert set() == told.promised - set(told.seen())
        assert {1} == set(told.unmarked().values())


@pytest.mark.parametrize(("call", "number", "error"), [("fdatasync", 6, "EIO"), ("pwrite64", 40, "EIO"), ("pwrite64", 40, "ENOSPC")])
async def test_a_disk_that_fails_once_costs_no_promise(tmp_path: Path, call: str, number: int, error: str) -> None:
    """The same sync is never tried again and called good: the store is opened anew, who got no 202 asks again, and all arrives.

    A turn of the engine that was lost with its commit ends the daemon, and the service manager starts it again.
    """
    async with lives(tmp_path) as told:
        await told.end()
        await told.node.kill()
        await told.node.start(under=injected(tmp_path, call, f"error={error}:when={number}"))
        for _ in range(8):
            await told.orders()
        await told.insist()
        await told.smsc.wait_for(lambda: told.promised <= set(told.seen()))
        assert re.search("disk failed|store is full", told.node.log.read_text())
        assert {1} == set(told.unmarked().values())


async def test_a_disk_that_is_full_while_the_log_grows_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """The log is long for the sake of speed alone."""
    async with lives(tmp_path) as told:
        await told.node.start(under=injected(tmp_path, "pwrite64", "error=ENOSPC:when=1000"))
        await told.orders()
        await told.smsc.wait_for(lambda: told.promised <= set(told.seen()))
        assert BURST == len(told.promised)
        assert "log not grown" in told.node.log.read_text()
