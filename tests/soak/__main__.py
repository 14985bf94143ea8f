"""`python -m tests.soak --seconds 600`: run it, print what was found; exit code 1 when a promise was broken.

As root, in a mount namespace of its own: the node's folder is a small disk in memory, so that it can be filled. No trouble ends a process
in the last two thirds: the slopes are of one process, without its first half hour where it lived longer than that.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.measured import Sample, slope_per_h, worst
from tests.soak.site import Site
from tests.soak.troubles import Troubles
from tests.soak.watchers import Watchers

INSIDE = "FENGHUO_SOAK_INSIDE"
DISK_MIB, DISK_MIB_AN_HOUR = 512, 768
SAMPLE_S = 2.0
WARM_S = 1800.0
DRAIN_S = 180.0
ROUGH_SHARE = 1 / 3
LAG_P999_S, LAG_MOST_S = 0.1, 0.5


class Soak:
    """One run. `consoles`: how many watch; `per_s`: orders between the troubles; `seconds`: how long the troubles go on."""

    def __init__(self, site: Site, *, seconds: float, consoles: int, per_s: float, seed: int) -> None:
        self._site = site
        self._seconds, self._per_s = seconds, per_s
        self._began = time.monotonic()
        self._chance = random.Random(seed)
        token = (site.folder / "state" / "ctl.token").read_text().strip()
        self._consoles = consoles
        self.watchers = Watchers(consoles, url=lambda: site.node.url, token=token)
        self.troubles = Troubles(site, self.watchers, seed=seed)
        self.samples: list[Sample] = []
        self.is_drained = False

    @property
    def at(self) -> float:
        return time.monotonic() - self._began

    async def run(self) -> None:
        beside = [asyncio.create_task(self._measure(), name="samples"), asyncio.create_task(self._orders(), name="orders")]
        try:
            await self._trouble()
            beside[1].cancel()
            self.is_drained = await self._site.drained(DRAIN_S)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await self.watchers.stop()

    async def _trouble(self) -> None:
        """Each in turn, in an order that chance gives, with rests between them: all of them about every ten minutes."""
        rest_s = min(60.0, self._seconds / 24)
        while self.at < self._seconds:
            names = list(self.troubles.gentle)
            if self.at < self._seconds * ROUGH_SHARE:
                names += self.troubles.rough
            self._chance.shuffle(names)
            for name in names:
                if self.at >= self._seconds or (name in self.troubles.rough and self.at >= self._seconds * ROUGH_SHARE):
                    continue
                said = await self.troubles.happen(name)
                print(f"{self.at:7.0f} s  {name}: {said}", flush=True)
                await asyncio.sleep(min(rest_s, max(0.0, self._seconds - self.at)))

    async def _orders(self) -> None:
        while True:
            if not await self._site.order():
                await asyncio.sleep(1.0)  # it is away or full: nobody asks a hundred times a second
            await asyncio.sleep(self._chance.expovariate(self._per_s))

    async def _measure(self) -> None:
        while True:
            sample = await self._site.sample(self.at)
            if sample is not None and sample.life == self._site.life:
                self.samples.append(sample)
            await asyncio.sleep(SAMPLE_S)

    def report(self) -> tuple[list[str], list[str]]:
        """What was found, a line each; and which promises were broken."""
        site, ledger = self._site, self._site.ledger
        last = [one for one in self.samples if one.life == site.life]
        warm = [one for one in last if one.at >= last[0].at + WARM_S] if last and last[-1].at > last[0].at + 1.5 * WARM_S else last
        spent = (warm[-1].at - warm[0].at) if warm else 0.0
        memory = slope_per_h([(one.at, one.rss_mib) for one in warm])
        opened = slope_per_h([(one.at, float(one.descriptors)) for one in warm])
        lags = [one.lag_s for one in self.samples]
        promised = len(ledger.promised)
        is_warm = warm is not last
        posts, received, doubled = sum(map(len, ledger.tokens.values())), len(ledger.tokens), len(ledger.doubled)
        most_mib, most_open = (
            max((one.rss_mib for one in self.samples), default=0.0),
            max((one.descriptors for one in self.samples), default=0),
        )
        since = "after its first half hour" if is_warm else "from its start on, which is too short to say"
        troubles, watchers = self.troubles, self.watchers
        happened = ", ".join(f"{count} {name}" for name, count in sorted(troubles.counts.items()))
        lines = [
            f"orders: {promised} promised, {len(ledger.missing)} of {promised} lost; {ledger.refused} refused,"
            f" {ledger.unanswered} unanswered",
            f"received: {posts} POSTs; {doubled} of {received} orders under two tokens, {ledger.copies} copies under their own",
            f"processes: {site.life}, {site.restarts} of them after a kill -9; slowest start {troubles.slowest_start_s:.2f} s",
            f"memory of the last: {_hour(memory, 'MiB/h')} over {spent:.0f} s {since}; most of any {most_mib:.0f} MiB",
            f"descriptors of it: {_hour(opened, '/h')}; most of any {most_open}",
            f"loop lag: p99.9 {1e3 * worst(lags, 0.999):.0f} ms, most {1e3 * max(lags, default=0.0):.0f} ms, n {len(lags)}",
            f"consoles: {self._consoles}, {watchers.connects} connections, {watchers.frames} frames; slowest return of all"
            f" {troubles.slowest_back_s:.1f} s",
            f"troubles: {happened}; {troubles.flips} bits turned",
        ]
        broken = list(self.troubles.faults)
        broken += [f"{len(ledger.missing)} of {promised} promised orders were received by nobody"] if ledger.missing else []
        broken += [f"{len(ledger.doubled)} orders came under two tokens"] if ledger.doubled else []
        broken += [f"memory grows by {memory:.1f} MiB/h; at most 1"] if is_warm and memory is not None and memory > 1.0 else []
        return lines, broken


def _hour(slope: float | None, unit: str) -> str:
    return "no slope" if slope is None else f"{slope:+.1f} {unit}"


async def _run(folder: Path, given: argparse.Namespace) -> int:
    async with Site(folder) as site:
        soak = Soak(site, seconds=given.seconds, consoles=given.consoles, per_s=given.per_s, seed=given.seed)
        await soak.run()
        lines, broken = soak.report()
    print("\n".join(("", f"soak of {given.seconds:.0f} s, seed {given.seed}", *lines)))
    print("\n".join(f"BROKEN: {one}" for one in broken) or "every promise was kept")
    return 1 if broken else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long the troubles go on (default 600)")
    parser.add_argument("--consoles", type=int, default=100, help="how many consoles watch (default 100)")
    parser.add_argument("--per-s", type=float, default=10.0, help="orders a second between the troubles (default 10)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 16), help="of the order of the troubles")
    given = parser.parse_args()
    if os.geteuid() != 0:
        print("the soak fills a disk of its own, and mounts it: it must be root", file=sys.stderr)
        return 2
    if INSIDE not in os.environ:
        words = ["unshare", "--mount", sys.executable, "-m", "tests.soak", *sys.argv[1:]]
        return subprocess.run(words, env={**os.environ, INSIDE: "1"}, check=False).returncode
    with tempfile.TemporaryDirectory(prefix="fenghuo-soak-") as outer:
        folder = Path(outer) / "node"
        folder.mkdir()
        size = DISK_MIB + int(DISK_MIB_AN_HOUR * given.seconds / 3600)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(folder)], check=True)
        try:
            return asyncio.run(_run(folder, given))
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                subprocess.run(["umount", str(folder)], check=True)


if __name__ == "__main__":
    sys.exit(main())
