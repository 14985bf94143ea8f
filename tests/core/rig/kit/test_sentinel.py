"""What blocks the loop is noted with the plugin's own line, and nothing else is."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from fenghuo.rig.kit.sentinel import code_of, watching

CALLS = {
    "time.sleep": "time.sleep(0)",
    "socket.getaddrinfo": "socket.getaddrinfo('127.0.0.1', 1)",
    "Popen.wait": "subprocess.Popen(['true']).wait()",
    "Thread.join": "thread = threading.Thread(target=int); thread.start(); thread.join()",
    "select.select": "select.select([], [], [], 0)",
    "builtins.open": "open('/dev/null').close()",
    "io.open": "pathlib.Path('/dev/null').read_bytes()",
    "os.open": "os.close(os.open('/dev/null', os.O_RDONLY))",
    "os.fsync": "file = tempfile.TemporaryFile(); os.fsync(file.fileno()); file.close()",
}
IMPORTS = "import asyncio, os, pathlib, select, socket, subprocess, tempfile, threading, time\n"


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """A plugin of one function, `act`, with this body."""

    def made(body: str) -> ModuleType:
        (tmp_path / "fenghuo_blocking.py").write_text(f"{IMPORTS}\n\ndef act():\n    {body}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "fenghuo_blocking", raising=False)
        importlib.invalidate_caches()
        return importlib.import_module("fenghuo_blocking")

    return made


async def within_the_loop(act: Callable[[], object]) -> None:
    act()


@pytest.mark.may_block("that is what it is about")
@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_waits_for_the_world_is_noted(name: str, plugin: Callable[[str], ModuleType]) -> None:
    """By its name, with file and line of the plugin."""
    module = plugin(CALLS[name])
    with watching(code_of("fenghuo_blocking")) as noted:
        asyncio.run(within_the_loop(module.act))
    assert f"{name} at fenghuo_blocking.py:5" in noted


@pytest.mark.may_block("that is what it is about")
def test_a_thread_may_wait(plugin: Callable[[str], ModuleType]) -> None:
    """Where the loop is not held up nothing is noted, nor what others do in the loop."""
    module = plugin("time.sleep(0)")

    async def beside() -> None:
        await asyncio.to_thread(module.act)
        open("/dev/null").close()  # not the plugin's doing

    with watching(code_of("fenghuo_blocking")) as noted:
        asyncio.run(beside())
        module.act()
    assert [] == noted
