"""The control socket: one JSON object a line over a Unix stream, for the `fenghuo` command and for scripts on this machine.

It owns the socket file and its connections. It decides nothing: every verb goes to the desk, every right is the desk's.
A token is the identity (security.md), since the peer's uid says nothing under PrivateUsers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from fenghuo.errors import LinkBusy, SettingsError
from fenghuo.service.control_session import Limits, Session
from fenghuo.service.secrets import make_token, read_secret

if TYPE_CHECKING:
    import structlog

    from fenghuo.plugin.ports import Desk, EventStream

__all__ = ["ControlServer", "Limits", "console_token"]

# sockaddr_un.sun_path holds 108 bytes with its final NUL. Source: unix(7).
LONGEST_PATH = 107
TOKEN_FILE = "ctl.token"


class ControlServer:
    """Serves the desk on a Unix socket (folder 0750, socket 0660) from start() until stop()."""

    def __init__(
        self, desk: Desk, events: EventStream, *, path: Path, log: structlog.stdlib.BoundLogger, limits: Limits | None = None
    ) -> None:
        self.path = path
        self._desk = desk
        self._events = events
        self._log = log
        self._limits = limits or Limits()
        self._server: asyncio.Server | None = None
        self._sessions: dict[asyncio.Task[None], Session] = {}

    async def start(self) -> None:
        """Listen. Raises: LinkBusy when another daemon answers there, SettingsError when the path cannot be used."""
        bound = await asyncio.to_thread(_bind, self.path)
        # The stream holds one whole request and no more: a longer line is refused and its connection closed.
        self._server = await asyncio.start_unix_server(self._serve, sock=bound, limit=self._limits.request_octets)
        self._log.info("control socket open", path=str(self.path))

    async def stop(self, deadline_s: float = 2.0) -> None:
        """Stop listening, close what is idle, and let requests under way end for up to `deadline_s` seconds. Idempotent."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        await asyncio.to_thread(self.path.unlink, missing_ok=True)
        for task, session in self._sessions.items():
            session.closing = True
            if not session.busy:
                task.cancel()
        if self._sessions:
            await asyncio.wait(tuple(self._sessions), timeout=deadline_s)
        leftover = tuple(self._sessions)
        for task in leftover:
            task.cancel()
        await asyncio.gather(*leftover, return_exceptions=True)
        self._log.info("control socket closed", path=str(self.path))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        session = Session(self._desk, self._events, reader=reader, writer=writer, log=self._log, limits=self._limits)
        self._sessions[task] = session
        try:
            await session.run(is_crowded=len(self._sessions) > self._limits.connections)
        except asyncio.CancelledError:
            # Only stop() cancels a session; the stream server would report a cancelled handler as a crash.
            pass
        finally:
            del self._sessions[task]
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def console_token(state: Path) -> str:
    """The token of the console actor, kept in `<state>/ctl.token` (0600) and made at the first start. Raises: ConfigError."""
    make_token(state / TOKEN_FILE)
    return read_secret(TOKEN_FILE, state)


def _bind(path: Path) -> socket.socket:
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise SettingsError((f"[control] socket = {str(path)!r} is longer than {LONGEST_PATH} bytes, which no Unix socket may be",))
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        _clear(path)
        return _listening(path)
    except OSError as error:
        raise SettingsError((f"[control] socket = {str(path)!r} cannot be opened: {error.strerror or error}",)) from error


def _clear(path: Path) -> None:
    """Remove the socket of a daemon that is gone; never a live one, never anything but a socket."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SettingsError((f"[control] socket = {str(path)!r} is there already and is no socket",))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.setblocking(False)
        try:
            trial.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass
    raise LinkBusy(f"another daemon answers at {path}")


def _listening(path: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.setblocking(False)
        # On Linux the file takes the mode of the descriptor, so at no moment is it open to others.
        os.fchmod(bound.fileno(), 0o660)
        bound.bind(str(path))
        path.chmod(0o660)
    except OSError:
        bound.close()
        raise
    return bound
