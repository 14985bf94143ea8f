"""A small HTTP server that writes down what it was asked and answers what a test put in."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Peer", "serving"]


class Peer(ThreadingHTTPServer):
    """Answers what a test put in; keeps method, path, headers and body of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Speaks)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status = 200
        self.says: Any = {"ok": True}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Speaks(BaseHTTPRequestHandler):
    """One request."""

    server: Peer

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        raw = self.server.says if isinstance(self.server.says, bytes) else json.dumps(self.server.says).encode()
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parameter of the parent
        return


@contextmanager
def serving() -> Iterator[Peer]:
    """A peer that serves in a thread of its own."""
    with Peer() as peer:
        thread = threading.Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield peer
        peer.shutdown()
        thread.join()
