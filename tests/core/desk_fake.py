"""A desk and an event stream that live in memory: they fill the ports, and remember what was asked of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import structlog

from fenghuo.errors import KeyConflict, NotAllowed, NotAuthenticated, NotFound, Overloaded, StoreFull
from fenghuo.model.command import Answer, Command
from fenghuo.model.delivery import Accepted, Refused, Verdict
from fenghuo.model.event import Event
from fenghuo.model.message import MessageId
from fenghuo.plugin.ports import Actor
from fenghuo.service.control import ControlServer, Limits

__all__ = ["MESSAGE", "TOKEN", "WHY", "FakeDesk", "FakeEvents", "Served"]

TOKEN = "let-me-in"
OK = Verdict("wellformed", "yes", True, "XML")

DELIVERY: dict[str, Any] = {
    "recipient": "person:wang",
    "channel": "sms-a",
    "state": "MET",
    "evidence": "DEVICE",
    "attempts": [{"token": "t1", "at": "2026-11-24T20:15:00+08:00", "outcome": "reached ACCEPTED"}],
}
MESSAGE: dict[str, Any] = {
    "id": "01M",
    "kind": "Alert",
    "traffic": "Actual",
    "priority": "P0",
    "state": "active",
    "objectives": [
        {
            "audience": "责任人",
            "needed": "DEVICE",
            "evidence": "DEVICE",
            "state": "MET",
            "deadline": "2026-11-24T20:20:00+08:00",
            "deliveries": [DELIVERY],
        }
    ],
    "headline": "太仓市台风红色预警",
    "number": 17,
}
WHY: dict[str, Any] = {
    **{key: value for key, value in MESSAGE.items() if key != "objectives"},
    "objectives": [
        {
            **{key: MESSAGE["objectives"][0][key] for key in ("audience", "needed", "state", "deadline")},
            "total": 2,
            "met": 1,
            "rule": "typhoon",
            "ladder": "responsible",
            "rules": "3f" * 32,
            "situation": "77" * 32,
            "directory": "",
            "targets": [
                {
                    "recipient": "wang",
                    "state": "MET",
                    "evidence": "DEVICE",
                    "covers": "",
                    "says": "has DEVICE, and DEVICE was needed",
                    "chosen": [{"channel": "sms-a", "rung": 1, "state": "MET", "evidence": "DEVICE", "tries": 1, "says": "tried 1 times"}],
                    "left_out": [{"channel": "radio", "rung": 2, "reason": "the recipient has no callsign address"}],
                }
            ],
        }
    ],
}
CHANNEL: dict[str, Any] = {
    "name": "sms-a",
    "type": "sms.smpp",
    "admin": "enabled",
    "health": "up",
    "evidence_max": "DEVICE",
    "risk_groups": ["cell:opA"],
    "medium": "sms-a",
    "queued": 3,
}
STATUS: dict[str, Any] = {
    "version": "0.1.0",
    "since": "2026-11-24T20:00:00+08:00",
    "ready": True,
    "channels": 2,
    "queued": 3,
    "open_objectives": 1,
    "clock_quality": "ntp",
}
ROWS = [
    {
        "id": "01M",
        "revision": 1,
        "kind": "Alert",
        "traffic": "Actual",
        "priority": "P0",
        "state": "active",
        "headline": "台风",
        "accepted": 1.0,
        "expires": 2.0,
        "number": 17,
    }
]


class FakeEvents:
    """Fills ports.EventStream from a list."""

    epoch = "e1"

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._grown = asyncio.Event()

    @property
    def head(self) -> int:
        return len(self.events)

    def append(self, type: str, subject: str, **body: Any) -> None:  # noqa: A002  # the field of Event
        self.events.append(Event(len(self.events) + 1, 1_795_000_000.0 + len(self.events), type, subject, body))
        self._grown.set()
        self._grown = asyncio.Event()

    async def read(self, after: int, limit: int) -> list[Event]:
        return self.events[after : after + limit]

    async def wait(self, after: int) -> int:
        while self.head <= after:
            await self._grown.wait()
        return self.head


REVIEW = {
    "id": "01M",
    "revision": 1,
    "number": 17,
    "kind": "Alert",
    "action": "New",
    "traffic": "Actual",
    "priority": "P1",
    "headline": "暴雨",
    "sender": "met@example.org",
    "source": "met",
    "author": "met",
    "live": True,
    "needed": 2,
    "signed": ["anna"],
    "accepted": "2026-07-15T01:30:00Z",
    "expires": "2026-07-15T07:30:00Z",
    "widened": ["it would also leave by siren"],
    "texts": [{"language": "zh-CN", "headline": "暴雨", "description": "转移", "instruction": ""}],
    "renditions": [
        {"form": form, "text": text, "octets": 9, "seconds": seconds, "left_out": left_out, "channels": ["tts"], "why_not": why}
        for form, text, seconds, left_out, why in (
            ("speech", "请立即\n转移", 4.0, ["1 picture"], ""),
            ("sms", "", 0.0, [], "no renderer makes the form sms"),
        )
    ],
    "areas": [{"area": "mca:320585109", "name": "双凤镇"}],
    "audiences": [{"audience": "public", "people": 3000, "channels": ["siren", "tts"]}],
    "channels": [
        {"channel": name, "type": name, "form": name, "health": "UP", "admin": "enabled", **figures}
        for name, figures in (
            ("siren", {"starts": True, "loudness": 100.0, "sounds_s": 60.0, "fee_fen": None, "parts": None}),
            ("tts", {"starts": False, "loudness": 0.0, "sounds_s": 0.0, "fee_fen": 8.0, "parts": 1}),
        )
    ],
    "first_wave": 3000,
    "people": 3000,
    "loudness": 100.0,
    "duration_s": 60.0,
    "cost_fen": 96_000.0,
    "replaces": 0,
    "envelope": "0123456789ab" * 5 + "cdef",
    "until": "2026-07-15T01:32:00Z",
    "lasts_s": 120.0,
    "correction": {"text": "此前消息作废", "drafted": False},
}


class FakeDesk:
    """Fills ports.Desk: answers the verbs of the seams with fixed values, or with what a test put into `answers`."""

    def __init__(self, events: FakeEvents) -> None:
        self.events = events
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {
            "status": STATUS,
            "channel.ls": [CHANNEL],
            "channel.enable": CHANNEL,
            "channel.disable": {**CHANNEL, "admin": "disabled"},
            "alert.submit": Accepted(MessageId("01M"), 1, "active", (OK,)),
            "alert.cancel": Accepted(MessageId("01M"), 2, "active", (OK,)),
            "alert.review": REVIEW,
            "alert.correct": Accepted(MessageId("01M"), 2, "active", (OK,)),
            "alert.sign": {"id": "01M", "revision": 1, "signatures": 2, "needed": 2, "state": "active"},
            "message.send": Accepted(MessageId("01M"), 1, "active", (OK,)),
            "message.show": MESSAGE,
            "message.ls": ROWS,
            "message.why": WHY,
            "queue.ls": [
                {**DELIVERY, "id": 7, "message": "01M", "objective": 3, "priority": "P0", "state": "AWAITING", "reason": "", "tries": 1}
            ],
            "route.explain": {"objectives": [{"audience": "责任人", "needed": "DEVICE"}], "left_out": ["mesh: no such channel"]},
            "route.lint": {"faults": []},
            "directory.import": {"digest": "d1", "orgs": 1, "persons": 2, "contacts": 3, "areas": 4, "faults": []},
            "db.backup": {"path": "/x/backup.sqlite", "bytes": 4096},
        }

    def actor(self, token: str, door: str, certificate: str = "") -> Actor:
        if token != TOKEN:
            raise NotAuthenticated("no such token")
        return Actor("console", ("operator", "viewer"), door)

    def member(self, session: str, csrf: str, door: str, address: str = "") -> Actor:
        raise NotAuthenticated("nobody logs in here")

    @property
    def topics(self) -> tuple[str, ...]:
        return ("message", "channel")

    async def command(self, actor: Actor, command: Command) -> Answer:
        raise NotFound("this door takes no commands with keys")

    async def do(self, actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        self.asked.append((verb, dict(args)))
        if verb == "log.read":
            page = await self.events.read(args["after"], args.get("limit", 1000))
            return {"epoch": self.events.epoch, "events": page, "head": self.events.head}
        if verb not in self.answers:
            raise NotFound(f"no verb {verb!r}")
        answer = self.answers[verb]
        if isinstance(answer, Exception):
            raise answer
        return await answer(args) if callable(answer) else answer


class Served:
    """The real control server over a fake desk, in a thread of its own, for clients that block."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ctl.sock"
        (folder / "ctl.token").write_text(TOKEN + "\n")
        self.desk: FakeDesk
        self.events: FakeEvents
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="served")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def inside(self, change: Callable[[], None]) -> None:
        """Run `change` on the server's loop, soon."""
        self._loop.call_soon_threadsafe(change)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.events = FakeEvents()
        self.desk = FakeDesk(self.events)
        server = ControlServer(self.desk, self.events, path=self.path, log=structlog.stdlib.get_logger(), limits=Limits())
        await server.start()
        self._ready.set()
        await self._stop.wait()
        await server.stop()


REFUSED = Refused(5, "doctype", "a DOCTYPE is never looked at", "line 1", (Verdict("wellformed", "no", False, "DOCTYPE"),))
FAILURES: dict[str, tuple[Any, int]] = {
    "refused": (REFUSED, 65),
    "conflict": (KeyConflict("k"), 65),
    "overloaded": (Overloaded("20000 wait already", retry_after_s=2.0), 75),
    "full": (StoreFull("2 % of the disk is free"), 75),
    "forbidden": (NotAllowed("console may not do this"), 77),
    "not-found": (NotFound("no message 01X"), 1),
}
"""What a desk may answer instead, by the stable word, with the exit code it must become."""
