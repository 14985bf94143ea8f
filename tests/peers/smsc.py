"""A real short message centre as a process: node-smpp behind tests/peers/smsc/smsc.js, seen through its own log lines."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tests.scale import TIMEOUT_SCALE
from tests.signals import send

__all__ = ["Acknowledged", "Smsc", "Submit"]

RECIPE = Path(__file__).parent / "smsc" / "smsc.js"
NODE_MODULES = Path(__file__).parent / "node" / "node_modules"


class Submit(msgspec.Struct, frozen=True):
    """One submit_sm that the centre took. `udh`: its header elements in hex; `validity_s`: what was left of it on arrival."""

    id: str
    at: float
    src: str
    dst: str
    ton: int
    npi: int
    coding: int
    esm: int
    report: int
    payload: bool
    udh: tuple[str, ...]
    validity_s: int | None
    text: str


class Acknowledged(msgspec.Struct, frozen=True):
    """A delivery report that we acknowledged. `ok`: it said DELIVRD."""

    id: str
    at: float
    status: int
    dst: str = ""
    ok: bool = True


class _Line(msgspec.Struct, frozen=True):
    what: str
    port: int = 0
    dst: str = ""
    status: int = 0
    message: str = ""


_any_line = msgspec.json.Decoder(_Line)
_submit_line = msgspec.json.Decoder(Submit)
_ack_line = msgspec.json.Decoder(Acknowledged)


class Smsc:
    """`async with Smsc(...) as smsc`: started, bound to a free port, killed at the end.

    The lists only grow, across kill() and restart() too: `submits`, `acks` (reports acknowledged with status 0), `mo_acks`,
    `throttled` (numbers), and `counts` by the word of each line. A restart keeps port and store, so that unacknowledged reports
    are sent again; without `store` they are forgotten. `silent`: nothing is reported but by report().
    """

    def __init__(
        self,
        *,
        store: Path | None = None,
        delay_ms: int = 20,
        id_form: str = "hex",
        rate: int = 0,
        password: str = "lab",
        port: int = 0,
        silent: bool = False,
    ) -> None:
        self._options = {"--delay-ms": str(delay_ms), "--id-form": id_form, "--rate": str(rate), "--password": password}
        self._options["--silent"] = str(int(silent))
        if store is not None:
            self._options["--store"] = str(store)
        self.port = port
        self.submits: list[Submit] = []
        self.acks: list[Acknowledged] = []
        self.mo_acks: list[int] = []
        self.throttled: list[str] = []
        self.errors: list[str] = []
        self.counts: dict[str, int] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start and wait until it listens; after kill() on the same port, with the same store."""
        ups = self.counts.get("UP", 0)
        arguments = [word for pair in {**self._options, "--port": str(self.port)}.items() for word in pair]
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(RECIPE),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
        )
        self._reader = asyncio.create_task(self._read(self._process), name="smsc log")
        await self.wait_for(lambda: self.counts.get("UP", 0) > ups)

    async def kill(self) -> None:
        """SIGKILL; idempotent. What it printed before is still read."""
        process, self._process = self._process, None
        reader, self._reader = self._reader, None
        if process is None or reader is None:
            return
        send(process, signal.SIGKILL)
        await process.wait()
        await reader
        if process.stdin is not None:
            process.stdin.close()

    def pause(self) -> None:
        """Stop it in its tracks (SIGSTOP): connected, and silent."""
        assert self._process is not None
        send(self._process, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT) with everything that came meanwhile."""
        os.kill(self.pid, signal.SIGCONT)

    async def restart(self) -> None:
        """kill() and start()."""
        await self.kill()
        await self.start()

    async def wait_for(self, predicate: Callable[[], bool], timeout_s: float = 40.0) -> None:
        """Return as soon as the predicate holds; it is asked again after whatever the centre prints."""
        async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
            while not predicate():
                self._news.clear()
                await self._news.wait()

    def mo(self, sender: str, to: str, text: str, *, parts: int = 1, drop_last: bool = False) -> None:
        """A message from a telephone, to every bound session; UCS-2; `drop_last` leaves its last part out."""
        self._order({"mo": {"from": sender, "to": to, "text": text, "parts": parts, "sent": parts - drop_last}})

    def raw_report(self, sender: str, to: str, text: str, *, id: str = "") -> None:  # noqa: A002  # it is the centre's word
        """A delivery report with this very text."""
        self._order({"raw_report": {"from": sender, "to": to, "text": text, "id": id}})

    def report(self, id: str, *, ok: bool = True) -> None:  # noqa: A002  # it is the centre's word
        """The report of a submission, to the account that made it, as soon as it is bound."""
        self._order({"report": {"id": id, "ok": ok}})

    def be_hasty(self, *, on: bool) -> None:
        """Report each submission before it is answered, or no longer."""
        self._order({"hasty": on})

    def hold(self, *, on: bool) -> None:
        """From now on no report leaves but to a session that binds; or no longer, and those that are due leave."""
        self._order({"held": on})

    def unbind(self) -> None:
        """The centre says good-bye to every session."""
        self._order({"unbind": True})

    def submits_to(self, ending: str) -> list[Submit]:
        """What was submitted to numbers with this ending."""
        return [submit for submit in self.submits if submit.dst.endswith(ending)]

    def _order(self, order: dict[str, object]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        held = b""
        while chunk := await process.stdout.read(1 << 18):
            *lines, held = (held + chunk).split(b"\n")
            for line in lines:
                self._note(line)
            self._news.set()

    def _note(self, line: bytes) -> None:
        read = _any_line.decode(line)
        self.counts[read.what] = self.counts.get(read.what, 0) + 1
        match read.what:
            case "UP":
                self.port = read.port
            case "SUBMIT":
                self.submits.append(_submit_line.decode(line))
            case "DLR-ACK" if read.status == 0:
                self.acks.append(_ack_line.decode(line))
            case "MO-ACK":
                self.mo_acks.append(read.status)
            case "THROTTLED":
                self.throttled.append(read.dst)
            case "ERR":
                self.errors.append(read.message)
