"""Each thing that the example plugin brings does what its page says; the kit's own examination of its channel is its own test."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import fenghuo_beacon
import msgspec
import pytest
import structlog
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fenghuo_beacon.channel import Boards, outcome_of
from fenghuo_beacon.far_end import Controller
from fenghuo_beacon.framing import Event, read_event, show
from fenghuo_beacon.keys import open_key
from fenghuo_beacon.page import Page
from fenghuo_beacon.pure import board_number, board_text
from fenghuo_beacon.ways_in import Buttons, Supply

from fenghuo import (
    Accepted,
    Actor,
    Arrival,
    Budget,
    ConfigError,
    Evidence,
    Hints,
    LinkBroken,
    NotAuthenticated,
    Observation,
    Outcome,
    Permanent,
    ProbeBudget,
    Reached,
    Refused,
    Rendition,
    Scope,
    Transient,
    Unknown,
    Word,
)
from fenghuo.clock import Clock, SystemClock
from fenghuo.plugin.context import HostedChannelContext
from fenghuo.plugin.host import load_plugins
from tests.core.engine.values import content, info, message
from tests.scale import PATIENCE_S

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/fenghuo-beacon"


class Given:
    """Fills SourceContext and SensorContext: keeps what it is given."""

    name = "boards"
    log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()

    def __init__(self, settings: object) -> None:
        self.settings: Any = settings
        self.clock: Clock = SystemClock()
        self.taken: asyncio.Queue[tuple[bytes, Hints]] = asyncio.Queue()
        self.seen: asyncio.Queue[Observation] = asyncio.Queue()

    async def accept(self, raw: bytes, hints: Hints) -> Accepted | Refused:
        self.taken.put_nowait((raw, hints))
        return Refused(403, "unheard", "nobody is here")

    def observe(self, observation: Observation) -> None:
        self.seen.put_nowait(observation)


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[tuple[int, asyncio.Queue[str]]]:
    """A controller that answers the first line so; its port, and the lines that it read."""
    lines: asyncio.Queue[str] = asyncio.Queue()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.put_nowait((await reader.readline()).decode())
        writer.write(answer)
        while line := await reader.readline():
            lines.put_nowait(line.decode())
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], lines


@asynccontextmanager
async def running(thing: Buttons | Supply) -> AsyncIterator[None]:
    task = asyncio.create_task(thing.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def soon(queue: asyncio.Queue[Any]) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        return await queue.get()


def boards(port: int) -> Boards:
    settings = fenghuo_beacon.BeaconSettings("127.0.0.1", port)
    return Boards(HostedChannelContext("boards", settings, SystemClock(), str, lambda up, reason: None, random.Random(1)))


def test_it_brings_one_of_everything() -> None:
    """Without a fault, and by the names that the page says."""
    host = load_plugins([fenghuo_beacon])
    types = (host.channel_types, host.source_types, host.sensor_types, host.front_types)
    assert () == host.faults
    assert [{"beacon.boards"}, {"beacon.buttons"}, {"beacon.supply"}, {"beacon.page"}] == [set(kind) for kind in types]
    assert ({"board"}, {"beacon-file"}) == (set(host.renderers), set(host.key_providers))


@pytest.mark.may_block("the kit runs in a process of its own")
@pytest.mark.timeout(3 * PATIENCE_S)
def test_its_channel_passes_gold_where_it_lies() -> None:
    """At the simulated controller that it brings; as a wheel in an environment of its own: tests/packaging/test_examples.py."""
    command = [sys.executable, "-m", "fenghuo", "plugin", "check", "fenghuo_beacon", "--fenghuo-grade", "gold"]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLE)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("TAKEN", Reached(Evidence.ACCEPTED)),
        ("BUSY", Transient(Scope.CHANNEL, "busy", retry_after_s=5.0)),
        ("NO BOARD", Permanent(Scope.RECIPIENT, "no-such-board")),
        ("", Unknown("hung-up")),
    ],
)
def test_each_answer_is_one_outcome(answer: str, outcome: Outcome) -> None:
    """Whatever is not understood is not known to have failed."""
    assert outcome == outcome_of(answer)


def test_a_longer_text_is_estimated_to_take_longer() -> None:
    """By the speed at which a board scrolls."""
    short, long = (boards(1).estimate(Rendition("board", "x" * n, b"x" * n), "12") for n in (12, 120))
    assert (2.0, 11.0) == (short.latency_q50_s, long.latency_q50_s)


async def test_a_probe_asks_the_controller_and_nothing_is_shown() -> None:
    """It answers, or the line is broken."""
    async with Controller().listening() as controller:
        port = controller.port
        answered = await boards(port).probe(ProbeBudget())
        assert (True, []) == (answered.answered, controller.arrivals)
    with pytest.raises(LinkBroken, match="does not answer"):
        await boards(port).probe(ProbeBudget())


@pytest.mark.parametrize(
    ("word", "level", "failure"),
    [(Word.REPORT, Evidence.DEVICE, None), (Word.FAILED, None, Permanent(Scope.RECIPIENT, "board-dark"))],
)
async def test_a_receipt_that_was_not_acknowledged_comes_again(word: Word, level: Evidence | None, failure: Permanent | None) -> None:
    """The second listener is told what the first one did not keep; a board that stays dark is its recipient's failure."""
    async with Controller().listening() as controller, asyncio.timeout(PATIENCE_S):
        await controller.say(word, Arrival("12", "text", token="t-1", ref="t-1"))
        first, second = boards(controller.port).inbound(), boards(controller.port).inbound()
        not_kept, kept = await anext(first), await anext(second)
        await kept.ack()
        while controller.acknowledged == 0:
            await asyncio.sleep(0)
        for heard in (first, second):
            await heard.aclose()  # type: ignore[attr-defined]  # they are generators
    assert [("t-1", level, failure)] * 2 == [(one.token, one.level, one.failure) for one in (not_kept, kept)]


def test_lines_are_read_and_written_as_agreed() -> None:
    """A text never breaks its line; what is no event is none."""
    assert "SHOW t-1 12 立即 转移\n".encode() == show("t-1", "12", "立即\n转移")
    assert Event("7", "SHOWN", "t-1") == read_event(b"EVENT 7 SHOWN t-1\n")
    assert [None] * 4 == [read_event(line) for line in (b"", b"EVENT 7 SHOWN\n", b"EVENT 7 BURNT t-1\n", b"\xff\xfe")]


async def test_a_press_is_accepted_before_the_button_is_told() -> None:
    """As a report by the name of its source, with a key by which a press that comes twice is one."""
    async with saying("PRESS 7 12 有人落水\n".encode()) as (port, lines):
        given = Given(fenghuo_beacon.ButtonSettings("127.0.0.1", port))
        async with running(Buttons(given)):
            raw, hints = await soon(given.taken)
            assert ["BUTTONS\n", "HEARD 7\n"] == [await soon(lines), await soon(lines)]
    assert Hints("application/json", source="boards", key="press-7") == hints
    assert "条屏12呼救：有人落水" == msgspec.json.decode(raw)["text"]


async def test_what_the_boards_live_on_is_observed_and_goes_stale() -> None:
    """After three questions without an answer nobody knows."""
    async with saying(b"battery\n") as (port, lines):
        given = Given(fenghuo_beacon.SupplySettings("127.0.0.1", port, every_s=30.0))
        async with running(Supply(given)):
            seen = await soon(given.seen)
            assert "SUPPLY\n" == await soon(lines)
    assert ("boards.supply", "battery", 90.0) == (seen.what, seen.value, seen.stale_after_s)


class Answering:
    """Fills Desk and Web for the page: one token is known."""

    topics: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.mounted: dict[str, Any] = {}

    def mount(self, path: str, app: Any) -> None:
        self.mounted[path] = app

    def actor(self, token: str, door: str) -> Actor:
        if token != "known":
            raise NotAuthenticated("no such token")
        return Actor("anna", ("viewer",), door)

    async def do(self, actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        return [{"name": "boards", "asked": f"{actor.name} {verb}"}]


@pytest.mark.parametrize(("token", "status", "body"), [("known", 200, b"anna channel.ls"), ("other", 403, b"{}")])
async def test_the_page_asks_the_desk_as_whoever_asks_it(token: str, status: int, body: bytes) -> None:
    """It has no rights of its own."""
    house = Answering()

    class Front(Given):
        desk: Any = house
        web: Any = house
        events: Any = None

    page = Page(Front(fenghuo_beacon.PageSettings()))  # type: ignore[arg-type]  # shared() is not asked for
    await page.start()
    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await house.mounted["/boards"]({"headers": [(b"authorization", f"Bearer {token}".encode())]}, None, send)
    assert (status, True) == (said[0]["status"], body in said[1]["body"])


def test_a_board_shows_one_line_and_always_the_same() -> None:
    """The renderer is pure, and leaves no line break."""
    said = message(content(infos=(info(description="立即\n转移"),)))
    first, second = (board_text(said, Budget()) for _ in range(2))
    assert (True, False) == (first == second, "\n" in first.text)


@pytest.mark.parametrize(("written", "number"), [("12", "12"), (" 0012 ", "12"), ("9999", "9999")])
def test_the_number_of_a_board_is_written_one_way(written: str, number: str) -> None:
    """Once more makes no difference."""
    assert (number, number) == (board_number(written), board_number(board_number(written)))


@pytest.mark.parametrize("written", ["", "0", "10000", "twelve", "+12"])
def test_what_is_no_board_is_refused_with_what_is(written: str) -> None:
    """As a sentence."""
    with pytest.raises(ValueError, match="a number from 1 to 9999 is"):
        board_number(written)


async def test_a_digest_is_signed_and_the_key_stays_where_it_is() -> None:
    """What the public key verifies; a key of another kind, or none, is a sentence without the key."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    signer = await open_key("boards.pem", lambda path: pem)
    Ed25519PublicKey.from_public_bytes(signer.public_key).verify(await signer.sign(b"digest"), b"digest")
    other = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for text, says in ((other, "another kind"), ("nonsense", "no private key")):
        with pytest.raises(ConfigError, match=says):
            await open_key("boards.pem", lambda path, text=text: text)  # type: ignore[misc]  # a lambda's default has no type


def test_the_command_prints_the_line_and_sends_nothing() -> None:
    """`fenghuo beacon 012 TEXT`."""
    (command,) = fenghuo_beacon.fenghuo_commands()
    assert "SHOW trial 12 立即转移\n" == CliRunner().invoke(command, ["012", "立即转移"]).output
