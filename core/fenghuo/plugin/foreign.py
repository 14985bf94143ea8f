"""A plugin that is not bundled, as the core knows it: by what a process of its own has said of it. Its code is never imported here.

What it brings are types like any other's, whose code runs there: settings are read and capabilities reckoned by asking. Whoever does not
answer in time is ended and set aside, and everybody else goes on.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import weakref
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from fenghuo.errors import ConfigError
from fenghuo.formats.table_reading import Faults
from fenghuo.plugin.cell_confinement import command, environment
from fenghuo.plugin.foreign_line import Asked, Told, receive, transmit
from fenghuo.plugin.foreign_values import Declared, DeclaredType, ReadSettings

__all__ = ["DECLARE_S", "PURE_S", "ForeignError", "Teller"]

T = TypeVar("T")

DECLARE_S = 10.0
"""From the start of its process to its declarations: interpreter, imports, hooks. All plugins have it at once."""
READ_S = 5.0
PURE_S = 2.0
"""A renderer or an address is asked for while others wait; whoever is late once is not asked again."""
LONGEST_SAID, MOST_SAID = 500, 100
"""Characters of a sentence, and sentences, that a plugin may say of its settings."""


class ForeignError(ConfigError):
    """What became of a plugin's process, as a sentence."""


class Teller:
    """The process that knows a plugin's declarations. `module`: as its entry point names it; `name`: of the entry point."""

    def __init__(self, name: str, module: str) -> None:
        self.name, self.module = name, module
        self._line: socket.socket | None = None
        self._until = 0.0
        self._end: weakref.finalize[..., Any] | None = None
        self._refusal = ""

    def begin(self) -> None:
        """Start it, without waiting for what it imports."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                command("fenghuo.plugin.foreign_child", str(theirs.fileno()), str(os.getpid()), self.module),
                pass_fds=(theirs.fileno(),),
                env=environment(),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._line, self._until = ours, time.monotonic() + DECLARE_S
        self._end = weakref.finalize(self, _end, process, ours)

    def rest(self) -> None:
        """End it; the next question starts another one."""
        if self._end is not None:
            self._end()
        self._line = None

    def ask(self, do: str, *args: Any, within_s: float | None = None) -> msgspec.Raw:
        """One question. Raises: ValueError where the plugin's code raised one; ForeignError: whatever else it raised, or what became of
        its process."""
        if self._refusal:
            raise ForeignError(self._refusal)
        told = self._exchanged(do, args, READ_S if within_s is None else within_s)
        if told.kind == "ValueError":
            raise ValueError(told.says[:LONGEST_SAID])
        if told.kind:
            raise ForeignError(told.says[:LONGEST_SAID] if told.kind == "ConfigError" else f"{told.kind}: {told.says}"[:LONGEST_SAID])
        return told.value

    def _exchanged(self, do: str, args: tuple[Any, ...], within_s: float) -> Told:
        if self._line is None:
            self.begin()
        line, until = self._line, max(self._until, time.monotonic() + within_s)
        self._until = 0.0
        assert line is not None  # begin() has made it
        try:
            line.settimeout(within_s)
            transmit(line, msgspec.msgpack.encode(Asked(do, msgspec.Raw(msgspec.msgpack.encode(args)))))
            octets = receive(line, until=until)
            if octets is not None:
                return msgspec.msgpack.decode(octets, type=Told)
        except TimeoutError:
            raise self._set_aside(f"it did not answer within {within_s:g} s when it was asked to {do}") from None
        except ConnectionError:
            pass  # it is gone, as when nothing more comes
        except (OSError, ValueError) as fault:  # msgspec's own errors are ValueErrors too
            raise self._set_aside(f"its process sent what cannot be read: {fault}") from fault
        raise self._set_aside(f"its process ended when it was asked to {do}")

    def declare(self) -> Declared:
        """Raises: ConfigError."""
        return self.take(Declared, self.ask("declare", within_s=DECLARE_S))

    def read(self, kind: DeclaredType, table: Mapping[str, Any], at: str, faults: Faults) -> Mapping[str, Any] | None:
        """The settings that it makes of a table, None with its sentences in `faults`."""
        try:
            found = self.take(ReadSettings, self.ask("read", (kind.family, kind.id), dict(table), at, faults.file))
        except (ConfigError, ValueError) as fault:
            faults.add(at, f"cannot be read: {fault}")
            return None
        faults.found += [_printable(one) for one in found.faults[:MOST_SAID]]
        faults.warned += [_printable(one) for one in found.warned[:MOST_SAID]]
        if found.values is None and not found.faults:
            faults.add(at, "cannot be read, and its plugin does not say why")
        return found.values

    def take(self, kind: type[T], value: msgspec.Raw) -> T:
        """An answer as what it must be; whoever says anything else is set aside. Raises: ConfigError."""
        try:
            return msgspec.msgpack.decode(value, type=kind)
        except ValueError as fault:
            raise self._set_aside(f"it said what cannot be understood: {fault}") from fault

    def _set_aside(self, why: str) -> ForeignError:
        self._refusal = why
        self.rest()
        return ForeignError(why)


def _end(process: subprocess.Popen[bytes], line: socket.socket) -> None:
    """End the process with whatever it has started, and leave nothing of it behind."""
    line.close()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "�" for one in text[:LONGEST_SAID])
