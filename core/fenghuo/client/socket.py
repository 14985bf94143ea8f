"""The control socket from the client's side: blocking, standard library only, quick to import."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fenghuo.client.caller import CallFailed, Unreachable

__all__ = ["Control"]


class Control:
    """Speaks to the daemon at `path` with a bearer token. Each call is a connection of its own and waits up to `timeout_s` seconds."""

    def __init__(self, path: Path, token: str, *, timeout_s: float = 30.0) -> None:
        self.path = path
        self._token = token
        self._timeout_s = timeout_s

    def call(self, do: str, **args: Any) -> Any:  # JSON
        """Carry out the verb and return its data. Raises: CallFailed, Unreachable."""
        with self._asked(do, args) as connected:
            for answer in self._answers(connected):
                return answer.get("data")
        raise Unreachable(f"the daemon at {self.path} gave no answer within {self._timeout_s:g} s")

    def follow(self, after: int, *, epoch: str = "", silence_s: float | None = None) -> Iterator[dict[str, Any]]:
        """Events after `after` as they happen; ends when none came for `silence_s` seconds. Raises: CallFailed, Unreachable."""
        with self._asked("log.follow", {"after": after, "epoch": epoch}) as connected:
            connected.settimeout(silence_s)
            for answer in self._answers(connected):
                yield answer["item"]

    def _asked(self, do: str, args: dict[str, Any]) -> socket.socket:
        """A connection over which the request has gone out."""
        request = {"id": 1, "do": do, "args": args, "token": self._token}
        line = json.dumps(request, ensure_ascii=False, default=_base64).encode() + b"\n"
        connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connecting.settimeout(self._timeout_s)
            connecting.connect(str(self.path))
            connecting.sendall(line)
        except OSError as error:
            connecting.close()
            raise Unreachable(f"no daemon answers at {self.path}: {error.strerror or error}") from error
        return connecting

    def _answers(self, connected: socket.socket) -> Iterator[dict[str, Any]]:
        """Answer lines until the timeout of the connection passes without one."""
        rest = b""
        try:
            while part := connected.recv(1 << 20):
                *lines, rest = (rest + part).split(b"\n")
                yield from map(_outcome, lines)
        except TimeoutError:
            return
        except OSError as error:
            raise Unreachable(f"the daemon at {self.path} went away: {error.strerror or error}") from error
        raise Unreachable(f"the daemon at {self.path} closed the connection before its answer was complete")


def _outcome(line: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(line)
    if not answer["ok"]:
        err: dict[str, Any] = answer["err"]
        raise CallFailed(err["code"], err["message"], err=err)
    return answer


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} does not go over the control socket")
