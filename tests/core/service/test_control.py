"""The control socket: identity, limits, stable words, streaming, and what happens to its file."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from fenghuo.errors import LinkBusy, SettingsError
from fenghuo.service.control import ControlServer, Limits, console_token
from tests.core.desk_fake import FAILURES, STATUS, TOKEN, FakeDesk, FakeEvents
from tests.scale import PATIENCE_S, TIMEOUT_SCALE


class Peer:
    """A raw client: lines out, lines in, each with a deadline."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def say(self, request: dict[str, Any] | bytes) -> None:
        self.writer.write(request if isinstance(request, bytes) else json.dumps(request).encode() + b"\n")
        await self.writer.drain()

    async def hear(self) -> dict[str, Any] | None:
        async with asyncio.timeout(PATIENCE_S):
            line = await self._reader.readline()
        return json.loads(line) if line else None

    async def ask(self, do: str, token: str = TOKEN, **args: Any) -> dict[str, Any]:
        await self.say({"id": 9, "do": do, "args": args, "token": token})
        answer = await self.hear()
        assert answer is not None
        return answer


class Room:
    """A control server with its desk, and the peers that a test opened."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.events = FakeEvents()
        self.desk = FakeDesk(self.events)
        self.server = ControlServer(self.desk, self.events, path=path, log=structlog.stdlib.get_logger(), limits=limits)
        self._peers: list[Peer] = []

    async def peer(self) -> Peer:
        peer = Peer(*await asyncio.open_unix_connection(self.server.path, limit=1 << 22))
        self._peers.append(peer)
        return peer

    async def close(self) -> None:
        await self.server.stop()
        for peer in self._peers:
            peer.writer.close()
            try:
                await peer.writer.wait_closed()
            except OSError:
                continue  # the server closed first, in the middle of what this peer said


@pytest.fixture
def limits() -> Limits:
    return Limits(request_octets=200_000, silence_s=5 * TIMEOUT_SCALE, write_s=1.0, connections=3)


@pytest.fixture
async def room(tmp_path: Path, limits: Limits) -> AsyncIterator[Room]:
    with capture_logs():
        room = Room(tmp_path / "run" / "ctl.sock", limits)
        await room.server.start()
        yield room
        await room.close()


async def test_answers_a_verb(room: Room) -> None:
    """A request is answered with its id and the desk's data."""
    peer = await room.peer()
    assert await peer.ask("status") == {"id": 9, "ok": True, "data": STATUS}


async def test_serves_many_requests_on_one_connection(room: Room) -> None:
    """Requests on one connection are answered in order, whatever their ids."""
    peer = await room.peer()
    await peer.say(b"".join(json.dumps({"id": f"q{n}", "do": "status", "token": TOKEN}).encode() + b"\n" for n in range(3)))
    assert [(await peer.hear() or {}).get("id") for _ in range(3)] == ["q0", "q1", "q2"]


async def test_raw_is_bytes_at_the_desk(room: Room) -> None:
    """`raw` travels as base64 text and arrives as the bytes it was."""
    peer = await room.peer()
    answer = await peer.ask("alert.submit", raw=base64.b64encode(b"\x00<alert/>").decode(), key="k")
    assert room.desk.asked == [("alert.submit", {"raw": b"\x00<alert/>", "key": "k"})]
    assert answer["data"]["id"] == "01M"


async def test_a_token_is_the_identity(room: Room) -> None:
    """A wrong token is answered `unauthenticated`, and the desk is asked nothing."""
    peer = await room.peer()
    answer = await peer.ask("status", token="wrong")
    assert (answer["err"]["code"], room.desk.asked) == ("unauthenticated", [])


@pytest.mark.parametrize("word", FAILURES)
async def test_errors_have_stable_words(room: Room, word: str) -> None:
    """Each error of the desk crosses the socket under its stable word with its sentence."""
    room.desk.answers["alert.submit"], _ = FAILURES[word]
    peer = await room.peer()
    answer = await peer.ask("alert.submit", raw="")
    assert (False, word) == (answer["ok"], answer["err"]["code"])
    assert answer["err"]["message"]


async def test_a_refusal_carries_its_verdicts(room: Room) -> None:
    """A refusal says the reason, the place, the verdicts and the number under which the bytes are kept."""
    room.desk.answers["alert.submit"], _ = FAILURES["refused"]
    err = (await (await room.peer()).ask("alert.submit", raw=""))["err"]
    assert (err["reason"], err["where"], err["refusal"]) == ("doctype", "line 1", 5)
    assert err["verdicts"][0] == {"check": "wellformed", "value": "no", "ok": False, "detail": "DOCTYPE"}


async def test_overload_says_when_to_come_back(room: Room) -> None:
    """An overloaded desk passes its seconds on."""
    room.desk.answers["alert.submit"], _ = FAILURES["overloaded"]
    assert (await (await room.peer()).ask("alert.submit", raw=""))["err"]["retry_after_s"] == 2.0


async def test_a_bug_is_internal_and_keeps_the_connection(room: Room) -> None:
    """A fault of ours is answered `internal` without its text, and the next request is served."""
    room.desk.answers["status"] = ZeroDivisionError("secret detail")
    peer = await room.peer()
    answer = await peer.ask("status")
    assert answer["err"]["code"] == "internal"
    assert "secret" not in answer["err"]["message"]
    assert (await peer.ask("channel.ls"))["ok"]


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b"nonsense\n",
        b'{"do":1}\n',
        b'{"do":"status","extra":1}\n',
        b'{"do":"alert.submit","args":{"raw":"%%"}}\n',
        b"\xff\xfe\n",
    ],
)
async def test_what_is_no_request_is_told_so(room: Room, line: bytes) -> None:
    """A line that is no request is answered `bad-request`, and the connection goes on."""
    peer = await room.peer()
    await peer.say(line)
    answer = await peer.hear()
    assert answer is not None
    assert answer["err"]["code"] == "bad-request"
    assert (await peer.ask("status"))["ok"]


async def test_a_request_too_large_ends_the_connection(room: Room, limits: Limits) -> None:
    """A line past the limit is answered `too-large` and its connection closed, since the rest cannot be told apart."""
    peer = await room.peer()
    peer.writer.write(b"x" * (limits.request_octets * 3))
    answer = await peer.hear()
    assert answer is not None
    assert answer["err"]["code"] == "too-large"


async def test_one_connection_too_many_is_told_so(room: Room) -> None:
    """A client past the connection limit is told `overloaded` and closed; the others stay."""
    peers = [await room.peer() for _ in range(3)]
    for peer in peers:
        assert (await peer.ask("status"))["ok"]
    late = await room.peer()
    answer = await late.hear()
    assert answer is not None
    assert answer["err"]["code"] == "overloaded"
    assert (await peers[0].ask("status"))["ok"]


@pytest.mark.parametrize("limits", [Limits(silence_s=0.1)])
async def test_silence_is_closed(room: Room) -> None:
    """A connection that says nothing for the time limit, or only half a request, is closed."""
    silent, half = await room.peer(), await room.peer()
    await half.say(b'{"do":"sta')
    assert (await silent.hear(), await half.hear()) == (None, None)


async def test_follow_gives_the_past_and_then_the_present(room: Room) -> None:
    """log.follow streams what came after the cursor, then each event as it is committed."""
    room.events.append("message.accepted", "message/01M")
    room.events.append("objective.opened", "objective/1", needed="DEVICE")
    peer = await room.peer()
    await peer.say({"id": 3, "do": "log.follow", "args": {"after": 1}, "token": TOKEN})
    first = await peer.hear()
    assert first is not None
    assert (first["id"], first["item"]["epoch"], first["item"]["seq"], first["item"]["body"]) == (3, "e1", 2, {"needed": "DEVICE"})
    room.events.append("delivery.met", "delivery/1")
    second = await peer.hear()
    assert second is not None
    assert (second["item"]["type"], second["item"]["seq"]) == ("delivery.met", 3)


async def test_follow_ends_when_the_client_goes(room: Room) -> None:
    """A follower that closes its side frees its connection though nothing happens in the log."""
    peer = await room.peer()
    await peer.say({"do": "log.follow", "args": {"after": 0}, "token": TOKEN})
    peer.writer.write_eof()
    assert None is await peer.hear()


async def test_follow_refuses_a_cursor_of_another_stream(room: Room) -> None:
    """A cursor of another epoch is `stale-cursor`, not a silent start somewhere."""
    answer = await (await room.peer()).ask("log.follow", after=3, epoch="e0")
    assert answer["err"]["code"] == "stale-cursor"
    beyond = await (await room.peer()).ask("log.follow", after=99, epoch="e1")
    assert ("stale-cursor", "the cursor is at 99, and the log ends at e1:0") == (beyond["err"]["code"], beyond["err"]["message"])


async def test_follow_needs_the_right_to_read(room: Room) -> None:
    """Whoever may not read the log may not follow it."""
    answer = await (await room.peer()).ask("log.follow", token="wrong", after=0)
    assert answer["err"]["code"] == "unauthenticated"


async def test_the_socket_is_for_the_group_only(room: Room) -> None:
    """The folder is made 0750 and the socket 0660."""
    assert stat.S_IMODE(room.server.path.stat().st_mode) == 0o660
    assert stat.S_IMODE(room.server.path.parent.stat().st_mode) == 0o750


async def test_stop_lets_a_request_end_and_takes_the_file_away(room: Room) -> None:
    """A request under way is answered; an idle client is closed at once; the socket file is gone; stop is idempotent."""
    go = asyncio.Event()

    async def slow(_: object) -> str:
        await go.wait()
        return "done"

    room.desk.answers["status"] = slow
    busy, idle = await room.peer(), await room.peer()
    await busy.say({"id": 1, "do": "status", "token": TOKEN})
    assert (await idle.ask("channel.ls"))["ok"]
    stopping = asyncio.create_task(room.server.stop(5.0))
    assert None is await idle.hear()
    go.set()
    answer = await busy.hear()
    await stopping
    assert ((answer or {}).get("data"), room.server.path.exists()) == ("done", False)
    await room.server.stop()


async def test_a_second_daemon_is_refused(room: Room, limits: Limits) -> None:
    """While one daemon answers at the path, another may not take it."""
    with pytest.raises(LinkBusy, match="another daemon answers"):
        await Room(room.server.path, limits).server.start()
    assert (await (await room.peer()).ask("status"))["ok"]


async def test_the_socket_of_a_dead_daemon_is_replaced(tmp_path: Path, limits: Limits) -> None:
    """A socket file that nobody listens on, as kill -9 leaves it, is no obstacle."""
    path = tmp_path / "ctl.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    room = Room(path, limits)
    await room.server.start()
    assert (await (await room.peer()).ask("status"))["ok"]
    await room.close()


async def test_only_a_socket_is_ever_removed(tmp_path: Path, limits: Limits) -> None:
    """A file of another kind at the path is left alone and named as a mistake of the settings."""
    path = tmp_path / "ctl.sock"
    path.write_text("precious")
    with pytest.raises(SettingsError, match="is no socket"):
        await Room(path, limits).server.start()
    assert path.read_text() == "precious"


async def test_a_path_too_long_is_a_sentence(tmp_path: Path, limits: Limits) -> None:
    """A path that no Unix socket may have is refused by name, not by an OSError."""
    with pytest.raises(SettingsError, match="longer than 107 bytes"):
        await Room(tmp_path / ("x" * 120), limits).server.start()


def test_the_console_token_is_made_once_and_private(tmp_path: Path) -> None:
    """The first start makes the token, 0600; the second finds the same."""
    token = console_token(tmp_path)
    assert token == console_token(tmp_path)
    assert stat.S_IMODE(os.stat(tmp_path / "ctl.token").st_mode) == 0o600
    assert len(token) >= 40
