"""One alert to a whole public, while urgent orders go on; then the process is killed with all of it queued. Judged from outside."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import uvloop

from bench.node import KEY, channel, people_files, started, write_node
from bench.probe import fsync_probe
from bench.pump import ANSWER, LENGTH, HttpClient, Sink, median, percentile
from bench.report import Row, alone, table

__all__ = ["FanOutBench", "run"]

RECIPIENTS = 64
ROUNDS = 3
REST_S = 1.0
"""After a round, so that the next does not begin in the end of this one."""
EVERY_S = 0.04
"""Between two urgent orders."""
RULES = """[ladders.bulk]
[[ladders.bulk.rungs]]
channels = ["bulk"]
[[rules]]
name = "the public"
match = { kind = ["Alert"] }
audience = { name = "everybody", split = "public", areas = "all" }
needed = "ACCEPTED"
ladder = "bulk"
signatures = 0
"""


class Gateway:
    """A bulk gateway that counts telephones; it holds its answers back until `opened`."""

    def __init__(self) -> None:
        self.told = 0
        self.pages = 0
        self.first_at = 0.0
        self.last_at = 0.0
        self.opened = asyncio.Event()
        self.came = asyncio.Event()
        self.opened.set()
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    def forget(self) -> None:
        """Count anew."""
        self.told, self.pages, self.first_at = 0, 0, 0.0
        self.came.clear()

    def stop(self) -> None:
        self.opened.set()  # nobody waits for an answer any more
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length.group(1)) if length else 0)
                self.last_at = time.monotonic()
                self.first_at = self.first_at or self.last_at
                self.told += body.count(b'"+86')
                self.pages += 1
                self.came.set()
                await self.opened.wait()
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class Round(msgspec.Struct, frozen=True):
    """One alert to everybody: seconds from its submission until it was accepted and the first page came, and from its acceptance until
    everybody was durably marked; `told`: telephones at the gateway."""

    accepted_s: float
    first_s: float
    marked_s: float
    told: int


class FanOutBench:
    """A daemon with a roll of `people` telephones, a gateway for them, and a web hook for the orders."""

    def __init__(self, folder: Path, *, people: int) -> None:
        self.folder = folder
        self.people = people
        self.gateway = Gateway()
        self.sink = Sink()
        self.start_s = 0.0
        self.spawned_at = 0.0
        self._process: asyncio.subprocess.Process | None = None
        self._client: HttpClient | None = None
        self._orders = 0
        self.alerts = 0

    async def prepare(self) -> None:
        """Files, peers, and a first start that reads the roll."""
        await self.gateway.start()
        await self.sink.start()
        self._write()
        await self.start(within_s=120.0)
        await self.kill()

    async def start(self, *, within_s: float = 20.0) -> None:
        """Start the daemon; `start_s` is the time until it says that it is ready."""
        node = await started(self.folder, within_s=within_s)
        self._process, self.spawned_at, self.start_s = node.process, node.spawned_at, node.start_s
        self._client = HttpClient(node.port)

    async def kill(self) -> None:
        """kill -9."""
        if self._client is not None:
            self._client.close()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        await self.kill()
        self.gateway.stop()
        self.sink.stop()

    async def alert(self, *, hours: float = 6.0) -> tuple[float, float]:
        """Submit an alert to everybody; monotonic seconds when it was sent, and seconds until it was accepted. One of the past is kept
        and goes to nobody."""
        assert self._client is not None
        began = time.monotonic()
        status = await self._client.post("/api/v1/alerts", _cap(f"alert-{began}", hours=hours), KEY, media="application/cap+xml")
        if status != 202:
            raise RuntimeError(f"the alert was answered by {status}")
        return began, time.monotonic() - began

    async def order(self) -> float:
        """Seconds from the submission of an urgent order to its arrival."""
        assert self._client is not None
        self._orders += 1
        number = self._orders
        order = {"to": [f"r{number % RECIPIENTS}"], "text": f"fh{number}x 立即撤离", "priority": "P0"}
        began = time.monotonic()
        await self._client.post("/api/v1/messages", msgspec.json.encode(order), KEY)
        async with asyncio.timeout(30.0):
            while number not in self.sink.got:  # noqa: ASYNC110  # the sink must cost as little as it can
                await asyncio.sleep(0.0005)
        return self.sink.got[number] - began

    async def orders(self, until: asyncio.Event | None = None, *, count: int = 0) -> list[float]:
        """Orders every 40 ms, `count` of them or until something happens; seconds each took."""
        found: list[asyncio.Task[float]] = []
        while len(found) < count or (until is not None and not until.is_set()):
            found.append(asyncio.create_task(self.order()))
            await asyncio.sleep(EVERY_S)
        return list(await asyncio.gather(*found))

    async def round(self) -> Round:
        """An alert to everybody, until the last of them is marked."""
        self.gateway.forget()
        self.alerts += 1
        began, accepted_s = await self.alert()
        await self.gateway.came.wait()  # looking into the store meanwhile would cost a processor that the first page wants
        marked_s = await self.marked(within_s=120.0)
        await asyncio.sleep(REST_S)
        return Round(accepted_s, self.gateway.first_at - began, marked_s, self.gateway.told)

    async def marked(self, *, within_s: float) -> float:
        """Wait until everybody is durably marked; seconds from the acceptance to the commit that says so, by the store's own clock."""
        async with asyncio.timeout(within_s):
            while (seconds := await asyncio.to_thread(self._read)) is None:  # noqa: ASYNC110  # the store tells nobody outside
                await asyncio.sleep(0.25)
        return seconds

    def _read(self) -> float | None:
        query = """SELECT event.at - o.opened_at FROM objective o JOIN event ON event.subject = 'objective/' || o.id
                   WHERE event.type = 'objective.met' AND o.total = ? ORDER BY o.id LIMIT 1 OFFSET ?"""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/state/fenghuo.sqlite?mode=ro", uri=True)) as reader:
            row = reader.execute(query, (self.people, self.alerts - 1)).fetchone()
        return float(row[0]) if row else None

    @property
    def peak_mb(self) -> float:
        """Highest resident size since the start."""
        assert self._process is not None
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self._process.pid}/status").read_text())
        return int(found.group(1)) / 1024 if found else 0.0

    def _write(self) -> None:
        towns = (Path(__file__).parent.parent / "config" / "taicang" / "areas.csv").read_text(encoding="utf-8").splitlines()
        areas = re.findall(r"^(mca:\d{9}),", "\n".join(towns), re.MULTILINE)
        public = (f"msisdn,+86138{n:08d},{areas[n % len(areas)]}" for n in range(self.people))
        files = {**people_files(RECIPIENTS, areas=towns), "subscribers.csv": ["kind,address,area", *public]}
        write_node(self.folder, files, channels=self.channels(), rules=RULES)

    def channels(self) -> list[str]:
        """The web hook of the orders and the gateway of the public."""
        hook = channel("hook", "http.webhook", url=f"http://127.0.0.1:{self.sink.port}/hook")
        return [hook, channel("bulk", "http.bulk", url=f"http://127.0.0.1:{self.gateway.port}/bulk")]


def _cap(name: str, *, hours: float) -> bytes:
    now = datetime.now(UTC)
    return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier><sender>met</sender>
      <sent>{now.isoformat()}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
      <info><language>zh-CN</language><category>Met</category><event>台风</event><urgency>Immediate</urgency>
      <severity>Moderate</severity><certainty>Likely</certainty><expires>{(now + timedelta(hours=hours)).isoformat()}</expires>
      <headline>台风预警</headline><description>台风即将登陆，请立即转移至安置点。</description>
      <area><areaDesc>太仓市</areaDesc><geocode><valueName>mca</valueName><value>320585</value></geocode></area></info></alert>""".encode()


async def run(folder: Path, *, people: int) -> list[Row]:
    """All rows. The daemon is measured as it comes up after the roll was read."""
    bench = FanOutBench(folder, people=people)
    try:
        await bench.prepare()
        disk = fsync_probe(folder)
        await bench.start()
        await bench.orders(count=25)
        for _ in range(5):
            await bench.alert(hours=-1.0)  # the first document of a kind costs its schema
        idle = await bench.orders(count=50)
        over = asyncio.Event()
        urgent = asyncio.create_task(bench.orders(over))
        rounds = [await bench.round() for _ in range(ROUNDS)]
        over.set()
        during, peak_mb = await urgent, bench.peak_mb
        bench.gateway.forget()
        bench.gateway.opened.clear()
        await bench.alert()
        await bench.gateway.came.wait()
        await bench.kill()
        bench.gateway.forget()
        await bench.start()
        serving_s = bench.start_s
        await bench.gateway.came.wait()
        old_s = bench.gateway.first_at - bench.spawned_at
    finally:
        await bench.stop()
    size = f"{people:,} people"
    return [
        alone(f"fan-out, {size}: accepted", 1e3 * median([one.accepted_s for one in rounds]), "ms", goal=("<=", 2.0)),
        alone("fan-out: first hand-off", 1e3 * median([one.first_s for one in rounds]), "ms", goal=("<=", 10.0)),
        alone("fan-out: all durably marked", median([one.marked_s for one in rounds]), "s", goal=("<=", 8.0)),
        alone("fan-out: told at the gateway, of three", sum(one.told for one in rounds), "", goal=(">=", ROUNDS * people)),
        alone("fan-out: urgent order p50, idle", 1e3 * percentile(idle, 0.5), "ms"),
        alone("fan-out: urgent order p50, meanwhile", 1e3 * percentile(during, 0.5), "ms", goal=("<=", 10.0)),
        alone("fan-out: urgent order p99, meanwhile", 1e3 * percentile(during, 0.99), "ms", goal=("<=", 25.0)),
        alone("fan-out: peak RSS", peak_mb, "MB", goal=("<=", 150.0)),
        alone("kill -9 with all queued: serving", serving_s, "s", goal=("<=", 0.6)),
        alone("kill -9 with all queued: first old page", old_s, "s", goal=("<=", 0.7)),
        alone("fan-out: fdatasync 4 KiB p50 beside it", disk.p50_ms, "ms"),
    ]


def main() -> None:
    """`python -m bench.fan_out [PEOPLE]`: this part alone."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    folder = Path(tempfile.mkdtemp(prefix="fenghuo-bench-"))
    try:
        print(table(uvloop.run(run(folder, people=people))))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
