"""Catches a plugin that blocks the loop: calls that wait for the world, made by the plugin's own code within one step of the loop."""

from __future__ import annotations

import asyncio
import builtins
import functools
import io
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

__all__ = ["code_of", "watching"]

STEP = "_run"
"""asyncio.Handle._run: where one step of the loop begins. What stands above it in the stack is not the plugin's doing."""

SOCKET_CALLS = ("accept", "connect", "recv", "recv_into", "recvfrom", "send", "sendall", "sendto")
SLEEPERS: tuple[tuple[Any, str], ...] = (
    (time, "sleep"),
    (socket, "getaddrinfo"),
    (socket, "gethostbyname"),
    (socket, "create_connection"),
    (subprocess.Popen, "wait"),
    (subprocess.Popen, "communicate"),
    (threading.Thread, "join"),
    (select, "select"),
    (builtins, "open"),
    (io, "open"),
    (os, "open"),
    (os, "fsync"),
)
"""What waits for the world: for time, names, peers, processes, threads, and for a disk, which takes seconds when it is worn or busy."""


@contextmanager
def watching(code: tuple[str, ...]) -> Iterator[list[str]]:
    """While it lasts, every blocking call out of files below `code` is noted as a sentence; it is not prevented."""
    noted: list[str] = []
    before: list[tuple[Any, str, Any]] = []
    for owner, name in SLEEPERS:
        before.append((owner, name, getattr(owner, name)))
        setattr(owner, name, _noting(getattr(owner, name), f"{owner.__name__}.{name}", code, noted))
    for name in SOCKET_CALLS:
        # Methods of the C base are put over on the Python class, and taken away again.
        before.append((socket.socket, name, socket.socket.__dict__.get(name)))
        setattr(socket.socket, name, _noting(getattr(socket.socket, name), f"socket.{name}", code, noted))
    try:
        yield noted
    finally:
        for owner, name, was in before:
            if was is None:
                delattr(owner, name)
            else:
                setattr(owner, name, was)


def code_of(module: str) -> tuple[str, ...]:
    """Where the code of a plugin lies: the folder of its top package, or its one file."""
    top = sys.modules.get(module.partition(".")[0])
    own = sys.modules.get(module)
    folders = tuple(str(Path(folder)) + "/" for folder in getattr(top, "__path__", ()))
    is_whole_package = top is not None and hasattr(top, "fenghuo_plugin")
    if folders and is_whole_package:
        return folders
    return (str(getattr(own, "__file__", None) or module),)


def _noting(call: Callable[..., Any], name: str, code: tuple[str, ...], noted: list[str]) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        place = _culprit(sys._getframe(1), code) if _may_block(name, args) else None
        if place is not None:
            noted.append(f"{name} at {place}")
        return call(*args, **kwargs)

    return wrapper


def _may_block(name: str, args: tuple[Any, ...]) -> bool:
    if asyncio._get_running_loop() is None:
        return False
    return not (name.startswith("socket.") and args and isinstance(args[0], socket.socket) and args[0].gettimeout() == 0)


def _culprit(frame: FrameType | None, code: tuple[str, ...]) -> str | None:
    """The plugin's line that made the call, if it was made within this step of the loop."""
    while frame is not None and not (frame.f_code.co_name == STEP and frame.f_code.co_filename.endswith("asyncio/events.py")):
        if frame.f_code.co_filename.startswith(code):
            return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        frame = frame.f_back
    return None
