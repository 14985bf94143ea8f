"""A simulated bearer with sites at its far end: takes texts on a Unix socket, confirms some, and lets people answer late.

A process of its own, so that it can be killed like a real one: `python -m fenghuo.rig.sites SOCKET --share 0.9 …`.
Every text that arrives is one JSON line on stdout: what the far end received is judged there, never in the daemon.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import re
from pathlib import Path

import msgspec

__all__ = ["Sent", "Sites", "SitesSettings", "Told"]

NUMBER = re.compile(r"#(\d{4})")


class Sent(msgspec.Struct, frozen=True):
    """A text from the daemon: `id` is the token of its attempt."""

    id: str
    address: str
    text: str


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What comes back: `what` is accepted, receipt, lost or answer."""

    what: str
    id: str = ""
    address: str = ""
    text: str = ""


class SitesSettings(msgspec.Struct, frozen=True):
    """`latency_s`: until a device confirms; `share`: of the devices that confirm; `answers`: of the people who answer, within
    `answer_s` seconds; `airtime_s`: one text at a time takes so long, 0 for any number at once."""

    latency_s: float = 0.3
    share: float = 1.0
    answers: float = 0.0
    answer_s: float = 3.0
    airtime_s: float = 0.0
    seed: int = 1


class Sites:
    """The far end of one bearer. One daemon at a time; devices remember what they have had and show nothing twice."""

    def __init__(self, settings: SitesSettings) -> None:
        self._settings = settings
        self._chance = random.Random(settings.seed)
        self._air = asyncio.Lock()
        self._shown: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, path: Path) -> None:
        """Listen until cancelled."""
        await asyncio.to_thread(_clear, path)
        server = await asyncio.start_unix_server(self._session, path)
        async with server:
            await server.serve_forever()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            task = asyncio.get_running_loop().create_task(self._carry(msgspec.json.decode(line, type=Sent), writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        writer.close()

    async def _carry(self, sent: Sent, writer: asyncio.StreamWriter) -> None:
        async with self._air if self._settings.airtime_s else contextlib.nullcontext():
            await asyncio.sleep(self._settings.airtime_s)
        print(msgspec.json.encode(sent).decode(), flush=True)
        _tell(writer, Told("accepted", sent.id))
        is_new = (sent.id, sent.address) not in self._shown
        self._shown.add((sent.id, sent.address))
        if self._chance.random() >= self._settings.share:
            return
        await asyncio.sleep(self._settings.latency_s * self._chance.uniform(0.5, 1.5))
        _tell(writer, Told("receipt", sent.id, sent.address))
        number = NUMBER.search(sent.text)
        if is_new and number and self._chance.random() < self._settings.answers:
            await asyncio.sleep(self._chance.uniform(0.2, 1.0) * self._settings.answer_s)
            _tell(writer, Told("answer", sent.id, sent.address, f"收到#{number.group(1)}"))


def _clear(path: Path) -> None:
    """A socket left behind by a bearer that was killed is in the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)


def _tell(writer: asyncio.StreamWriter, told: Told) -> None:
    if not writer.is_closing():
        writer.write(msgspec.json.encode(told) + b"\n")


def main() -> None:
    """The process: one bearer until it is killed."""
    parser = argparse.ArgumentParser(description="A simulated bearer with sites at its far end.")
    parser.add_argument("socket", type=Path)
    for name, default in msgspec.structs.asdict(SitesSettings()).items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    given = vars(parser.parse_args())
    path = given.pop("socket")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(Sites(SitesSettings(**given)).serve(path))


if __name__ == "__main__":
    main()
