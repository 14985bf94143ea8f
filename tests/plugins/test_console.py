"""The console's wire over a fake desk: real sockets, the websockets client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

import fenghuo_console
from fenghuo import NotFound
from fenghuo.formats.console_frames import PROTOCOL, Cursor
from fenghuo.service.web import WebPort
from fenghuo_console import ConsoleSettings
from fenghuo_console.session import framed, snapshot_parts
from tests.plugins.http_fakes import COOKIE, NONCE, FakeDesk, serving
from tests.scale import PATIENCE_S

CONSOLE = next(kind for kind in fenghuo_console.fenghuo_front_types())
CHANNEL = {"name": "sms-a", "type": "sms.smpp", "admin": "enabled", "health": "up", "evidence_max": "DEVICE", "queued": 0}
MESSAGE = {
    "id": "01J", "revision": 1, "kind": "Alert", "traffic": "Actual", "priority": "P0", "state": "active", "headline": "台风红色预警",
    "number": 7, "accepted": "2026-07-15T08:00:00.000Z", "expires": "2026-07-15T20:00:00.000Z",
}  # fmt: skip


@asynccontextmanager
async def watched(
    web: WebPort, *, token: str | None = "duty-token", sub: dict[str, Any] | None = None, **given: Any
) -> AsyncIterator[Wire]:  # passed to connect() as they are
    """A console that has said who it is, and what it wants to see."""
    options: dict[str, Any] = {"subprotocols": [Subprotocol(PROTOCOL)], "compression": None} | given
    async with connect(f"ws://{web.address}/ws/console", **options) as raw:
        wire = Wire(raw)
        assert "hello" == (await wire.frame())["t"]
        await wire.say(t="auth", proto=PROTOCOL, **({"token": token} if token else {}))
        if sub is not None:
            assert "ready" == (await wire.frame())["t"]
            await wire.say(t="sub", **sub)
        yield wire


class Wire:
    """A client that reads frames."""

    def __init__(self, raw: ClientConnection) -> None:
        self.raw = raw

    async def say(self, **members: object) -> None:
        await self.raw.send(json.dumps(members))

    async def frame(self) -> Any:  # JSON
        async with asyncio.timeout(PATIENCE_S):
            return json.loads(await self.raw.recv())

    async def until(self, kind: str) -> Any:
        """The next frame of this type; others are passed over."""
        while (frame := await self.frame())["t"] != kind:
            pass
        return frame

    async def closed(self) -> int | None:
        """The close code, after whatever else came."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    await self.raw.recv()
            except ConnectionClosed as exc:
                return exc.rcvd.code if exc.rcvd else None


async def test_what_lies_in_the_tray_is_for_those_who_can_take_it_on(served: tuple[WebPort, FakeDesk]) -> None:
    """An operator may watch it; nobody else is offered it, has it by asking for everything, or gets it by asking for it."""
    web, desk = served
    desk.topics = (*desk.topics, "tray")
    desk.change("tray/1", {"text": "去北闸"})
    async with watched(web) as wire:
        assert "tray" in (await wire.frame())["caps"]
    async with watched(web, token="view-token") as wire:
        assert "tray" not in (await wire.frame())["caps"]
        await wire.say(t="sub", id=1)
        assert [] == [path for path in (await wire.until("snap"))["data"] if path.startswith("tray/")]
        await wire.say(t="sub", id=2, topics=["tray"])
        assert 4400 == await wire.closed()


async def test_from_one_address_only_so_many_stand_there_without_a_word(
    served: tuple[WebPort, FakeDesk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seventeenth is refused before it is let in; one that says who it is makes room, and this machine is not counted."""
    url = f"ws://{served[0].address}/ws/console"
    options: dict[str, Any] = {"subprotocols": [Subprotocol(PROTOCOL)], "compression": None}
    monkeypatch.setattr("fenghuo_console.console.is_loopback", lambda host: False)
    async with contextlib.AsyncExitStack() as open_ones:
        silent = [Wire(await open_ones.enter_async_context(connect(url, **options))) for _ in range(16)]
        for wire in silent:
            assert "hello" == (await wire.frame())["t"]
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, **options)
        assert 429 == refused.value.response.status_code
        await silent[0].say(t="auth", proto=PROTOCOL, token="duty-token")
        assert "ready" == (await silent[0].frame())["t"]
        await open_ones.enter_async_context(connect(url, **options))
        monkeypatch.undo()
        await open_ones.enter_async_context(connect(url, **options))


@pytest.fixture
def settings() -> ConsoleSettings:
    return ConsoleSettings()


@pytest.fixture
async def served(settings: ConsoleSettings) -> AsyncIterator[tuple[WebPort, FakeDesk]]:
    async with serving(CONSOLE, settings) as found:
        found[1].change("channel/sms-a", CHANNEL)
        yield found


async def test_handshake_snapshot_and_deltas(served: tuple[WebPort, FakeDesk]) -> None:
    """hello, ready, a snapshot of one instant, then each change with the place it leads from."""
    web, desk = served
    async with watched(web) as wire:
        ready = await wire.frame()
        assert ("ready", "duty", "operator", 10.0) == (ready["t"], ready["user"], ready["role"], ready["hb"])
        await wire.say(t="sub", id=1, topics=["message", "objective", "channel"])
        cur = {"epoch": "epoch-1", "seq": 1}
        assert {"t": "snap", "id": 1, "cur": cur, "part": 0, "last": True, "data": {"channel/sms-a": CHANNEL}} == await wire.frame()
        desk.change("message/01J", MESSAGE)
        op = {"p": "message/01J", "op": "set", "v": MESSAGE, "rev": 2}
        assert {"t": "delta", "epoch": "epoch-1", "prev": 1, "seq": 2, "ops": [op]} == await wire.frame()
        desk.events.add("delivery/99")
        desk.change("message/01J", None)
        expected = {"t": "delta", "epoch": "epoch-1", "prev": 2, "seq": 4, "ops": [{"p": "message/01J", "op": "del", "rev": 4}]}
        assert expected == await wire.frame()


async def test_only_the_topics_asked_for(served: tuple[WebPort, FakeDesk]) -> None:
    """Changes of other topics are passed over, and `prev` bridges the hole."""
    web, desk = served
    async with watched(web, sub={"id": 1, "topics": ["message"]}) as wire:
        assert {} == (await wire.frame())["data"]
        desk.change("channel/sms-a", CHANNEL)
        desk.change("message/01J", MESSAGE)
        delta = await wire.frame()
        assert (1, 3, ["message/01J"]) == (delta["prev"], delta["seq"], [op["p"] for op in delta["ops"]])


async def test_a_cursor_resumes(served: tuple[WebPort, FakeDesk]) -> None:
    """With a good cursor only the backlog is sent; with one of another epoch, or of the future, everything."""
    web, desk = served
    desk.change("message/01J", MESSAGE)
    async with watched(web, sub={"id": 1, "from": {"epoch": "epoch-1", "seq": 1}}) as wire:
        assert {"t": "resumed", "id": 1, "cur": {"epoch": "epoch-1", "seq": 1}} == await wire.frame()
        delta = await wire.frame()
        assert (1, 2, ["message/01J"]) == (delta["prev"], delta["seq"], [op["p"] for op in delta["ops"]])
        for number, bad in enumerate([{"epoch": "other", "seq": 1}, {"epoch": "epoch-1", "seq": 99}], 2):
            await wire.say(t="sub", id=number, **{"from": bad})
            snap = await wire.frame()
            assert ("snap", number, 2) == (snap["t"], snap["id"], snap["cur"]["seq"])


async def test_a_stalled_console_is_resynced_and_slows_nobody(served: tuple[WebPort, FakeDesk]) -> None:
    """Its outbox overflows and is emptied; a healthy console gets the last change at once."""
    web, desk = served
    host, _, port = web.address.rpartition(":")
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.setblocking(False)
    await asyncio.get_running_loop().sock_connect(small, (host, int(port)))
    long = "长" * 20_000
    async with watched(web, sub={"id": 5}, sock=small, max_queue=1) as stalled, watched(web, sub={"id": 6}) as healthy:
        await healthy.frame()
        seen: list[str] = []
        for number in range(200):
            desk.change("message/01J", MESSAGE | {"headline": f"{number}{long}"})
            while not seen or seen[-1] != str(number):
                seen += [op["v"]["headline"].rstrip("长") for op in (await healthy.frame()).get("ops", [])]
        frames = [await stalled.frame()]
        while frames[-1]["t"] != "resync":
            frames.append(await stalled.frame())
        assert {"t": "resync", "id": 5, "reason": "slow"} == frames[-1]
        await stalled.say(t="sub", id=7)
        again = await stalled.frame()
        assert ("snap", 7) == (again["t"], again["id"])
        assert again["data"]["message/01J"]["headline"].startswith("199")


async def test_what_all_get_is_framed_once_as_the_wire_has_it() -> None:
    """A head of two, four or ten octets, and no mask."""
    for size, head in ((5, b"\x81\x05"), (126, b"\x81\x7e\x00\x7e"), (1 << 16, b"\x81\x7f" + (1 << 16).to_bytes(8, "big"))):
        assert head + b"x" * size == framed("x" * size)


async def test_many_changes_are_merged(served: tuple[WebPort, FakeDesk]) -> None:
    """Far above 200 changes a second there are at most about 20 frames a second, and the last value counts."""
    web, desk = served
    async with watched(web, sub={"id": 1}) as wire:
        at = (await wire.frame())["cur"]["seq"]
        for number in range(500):
            desk.change("message/01J", MESSAGE | {"revision": number})
            await asyncio.sleep(0)
        frames, last = 0, None
        while at < desk.events.head:
            delta = await wire.frame()
            assert at == delta["prev"]
            at, last, frames = delta["seq"], delta["ops"][-1]["v"]["revision"], frames + 1
        assert 499 == last
        assert frames <= 25


@pytest.mark.parametrize("settings", [ConsoleSettings(heartbeat_s=0.5)])
async def test_heartbeat_moves_the_client_on_and_drops_the_silent(served: tuple[WebPort, FakeDesk]) -> None:
    """Where nothing of its topics changed, an empty delta comes before the ping; without any pong the console is dropped."""
    web, desk = served
    async with watched(web, sub={"id": 1, "topics": ["message"]}) as wire:
        await wire.frame()
        head = desk.events.add("delivery/1")
        frames = [await wire.frame()]
        while frames[-1].get("seq") != head:
            await wire.say(t="pong", seq=1)
            frames.append(await wire.frame())
        assert (1, []) == (frames[-1]["prev"], frames[-1]["ops"])
        assert head == (await wire.frame())["head"]
        assert 4408 == await wire.closed()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([{"t": "auth", "token": "wrong"}], 4401),
        ([{"t": "auth"}], 4401),
        ([{"t": "auth", "token": "duty-token", "proto": "fenghuo.console.v2"}], 4409),
        ([{"t": "sub"}], 4400),
        (["no json"], 4400),
        ([{"t": "auth", "token": "duty-token"}, {"t": "sub", "id": "x"}], 4400),
        ([{"t": "auth", "token": "duty-token"}, {"t": "sub", "id": 1, "topics": ["message", "weather"]}], 4400),
        ([{"t": "auth", "token": "duty-token"}, {"t": "sub", "id": 1, "topics": []}], 4400),
        ([{"t": "auth", "token": "met-token"}], 4403),
        ([{"t": "auth", "token": "duty-token"}, *([{"t": "pong"}] * 30)], 4429),
    ],
)
async def test_each_close_has_its_code(served: tuple[WebPort, FakeDesk], frames: list[object], code: int) -> None:
    """What a client did wrong is told by the close code."""
    web, _ = served
    async with connect(f"ws://{web.address}/ws/console", subprotocols=[Subprotocol(PROTOCOL)]) as raw:
        for frame in frames:
            await raw.send(frame if isinstance(frame, str) else json.dumps(frame))
        assert code == await Wire(raw).closed()


async def test_a_stop_tells_every_console(settings: ConsoleSettings) -> None:
    """4503: come back with jitter."""
    async with serving(CONSOLE, settings) as (web, _):
        wire = await connect(f"ws://{web.address}/ws/console", subprotocols=[Subprotocol(PROTOCOL)]).__aenter__()
        await Wire(wire).say(t="auth", token="duty-token")
        assert ["hello", "ready"] == [(await Wire(wire).frame())["t"] for _ in range(2)]
    assert 4503 == await Wire(wire).closed()


async def test_a_command_is_answered_in_the_name_of_its_person(served: tuple[WebPort, FakeDesk]) -> None:
    """Data where it is ok, code and sentence where it is not; a frame of a newer client is passed over; too many at once are told so."""
    web, desk = served
    desk.answers |= {"alert.sign": {"signed": 2}, "queue.shed": NotFound("no delivery 7 is open"), "log.read": "x" * 300_000}
    desk.hold = asyncio.Event()
    async with watched(web) as wire:
        await wire.frame()
        await wire.say(t="something newer")
        await wire.say(t="cmd", id=3, do="alert.sign", key="k", if_rev=7, args={"id": "01J"})
        assert {"t": "res", "id": 3, "ok": True, "data": {"signed": 2}} == await wire.frame()
        assert ("duty", "alert.sign", {"id": "01J", "key": "k", "if_rev": 7}) == desk.calls[-1]
        await wire.say(t="cmd", id=4, do="queue.shed", key="l", args={"id": 7})
        expected = {"t": "res", "id": 4, "ok": False, "err": {"code": "not-found", "msg": "no delivery 7 is open", "args": {}}}
        assert expected == await wire.frame()
        await wire.say(t="cmd", id=5, do="log.read")
        refused = (await wire.frame())["err"]
        assert ("too-large", {"octets": 300_002, "most": 200_000}) == (refused["code"], refused["args"])
        for number in range(10, 19):
            await wire.say(t="cmd", id=number, do="slow", key=f"s{number}")
        crowded = await wire.frame()
        assert (18, "overloaded") == (crowded["id"], crowded["err"]["code"])
        desk.hold.set()
        assert {*range(10, 18)} == {(await wire.frame())["id"] for _ in range(8)}


@pytest.mark.parametrize("settings", [ConsoleSettings(heartbeat_s=0.2)])
async def test_other_rights_mean_another_state(served: tuple[WebPort, FakeDesk]) -> None:
    """A person who loses a right hears so within a heartbeat and asks for everything anew; one who may watch no more is let go."""
    web, desk = served
    headers = {"Cookie": f"fenghuo_session={COOKIE}"}
    async with connect(
        f"ws://{web.address}/ws/console", subprotocols=[Subprotocol(PROTOCOL)], origin=Origin(web.url), additional_headers=headers
    ) as raw:
        wire = Wire(raw)
        await wire.frame()
        await wire.say(t="auth", csrf=NONCE)
        ready = await wire.frame()
        assert ("zhang", "releaser", ["operator", "releaser"]) == (ready["user"], ready["role"], ready["rights"])
        await wire.say(t="sub", id=1)
        desk.rights = ("viewer",)
        again = await wire.until("ready")
        assert ("viewer", ["viewer"]) == (again["role"], again["rights"])
        assert {"t": "resync", "id": 1, "reason": "perm"} == await wire.frame()
        desk.rights = ("source",)
        assert 4403 == await wire.closed()


@pytest.mark.parametrize(
    ("origin", "protocol", "status"),
    [("http://evil.example", PROTOCOL, 403), ("null", PROTOCOL, 403), (None, "fenghuo.console.v9", 400)],
)
async def test_the_upgrade_is_refused(served: tuple[WebPort, FakeDesk], origin: str | None, protocol: str, status: int) -> None:
    """A foreign page and another version are refused before the upgrade."""
    web, _ = served
    with pytest.raises(InvalidStatus) as caught:
        async with connect(
            f"ws://{web.address}/ws/console", subprotocols=[Subprotocol(protocol)], origin=Origin(origin) if origin else None
        ):
            pass
    assert status == caught.value.response.status_code
    if status == 400:
        assert [PROTOCOL] == json.loads(caught.value.response.body)["protocols"]


@pytest.mark.parametrize(("settings", "welcome"), [(ConsoleSettings(open_viewer=True), True), (ConsoleSettings(), False)])
async def test_an_open_viewer_is_a_page_of_our_own_on_this_machine(served: tuple[WebPort, FakeDesk], welcome: bool) -> None:
    """Without a token only our own page may watch, and only where the settings say so; a program never."""
    web, _ = served
    async with watched(web, token=None, origin=Origin(f"http://{web.address}")) as wire:
        if welcome:
            assert ("ready", "viewer") == ((ready := await wire.frame())["t"], ready["user"])
        else:
            assert 4401 == await wire.closed()
    async with watched(web, token=None) as wire:
        assert 4401 == await wire.closed()


def test_a_snapshot_is_cut_into_parts() -> None:
    """No frame is longer than 256 kB, and only the last part says so."""
    data = {f"message/{n}": msgspec.Raw(json.dumps("x" * 1000).encode()) for n in range(600)}
    parts = [json.loads(text) for text in snapshot_parts(1, Cursor("e", 9), data)]
    assert [False, False, False, True] == [part["last"] for part in parts]
    assert [0, 1, 2, 3] == [part["part"] for part in parts]
    assert 600 == sum(len(part["data"]) for part in parts)


async def test_the_page_is_served_from_memory(served: tuple[WebPort, FakeDesk]) -> None:
    """The page, its script and its style; an unchanged file is 304, anything else 404."""
    web, _ = served
    async with aiohttp.ClientSession() as session:
        for path in ("/", "/js/main.js", "/app.css", "/i18n/en.json"):
            async with session.get(web.url + path) as answer:
                assert 200 == answer.status
                assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
                etag = answer.headers["ETag"]
            async with session.get(web.url + path, headers={"If-None-Match": etag}) as answer:
                assert 304 == answer.status
        async with session.get(web.url + "/../console.py") as answer:
            assert 404 == answer.status
        async with session.get(web.url + "/ws/console") as answer:
            assert 426 == answer.status
