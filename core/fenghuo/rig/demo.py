"""`fenghuo demo`: the main job on this machine. A typhoon warning reaches the people of ten simulated towns; a bearer is killed
on the way and the rest goes over the other. Works with real processes: the daemon, and one for each simulated bearer.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Any

import click
import msgspec

from fenghuo.cli.paper import print_table
from fenghuo.client.caller import CallFailed
from fenghuo.client.socket import Control
from fenghuo.rig.stamping import restamped
from fenghuo.rig.town_report import Board

__all__ = ["demo"]

READY_S = 20.0
OVER_S = 90.0
CHINA = timezone(timedelta(hours=8))


@click.command()
@click.option(
    "--config", "config", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True, help="Settings of the demo."
)
@click.option("--once", is_flag=True, help="End after the report; exit 0 only if everyone was reached who had to be.")
def demo(config: Path, once: bool) -> None:
    """Show a warning reaching ten simulated towns, with a bearer killed on the way."""
    stage = Stage(config, msgspec.toml.decode((config.parent / "demo-story.toml").read_bytes(), type=Story))
    try:
        with stage.processes():
            is_complete = stage.play()
            if not once:
                click.echo(f"\nThe console stays open at {stage.url} - press Ctrl-C to end.")
                stage.wait()
    except (TimeoutError, CallFailed) as error:
        raise click.ClickException(f"{error}\n{stage.daemon_says()}") from error
    sys.exit(0 if is_complete else 1)


class Story(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is played: files relative to the settings, names of tokens and channels. `kill_after`: confirmations."""

    alert: str
    source: str
    signers: tuple[str, ...]
    order: str
    kill: str
    kill_after: int
    bearers: dict[str, dict[str, str | int | float]]


class Stage:
    """The processes of the demo and the story that is played on them. State is made anew each time, in the state folder."""

    def __init__(self, config: Path, story: Story) -> None:
        self._config = config
        self._story = story
        self._tree: dict[str, Any] = tomllib.loads(config.read_text(encoding="utf-8"))
        self._base = config.parent
        self._state: Path = (self._base / str(self._tree["node"]["state"])).resolve()
        self._bearers: dict[str, subprocess.Popen[bytes]] = {}
        self._daemon: subprocess.Popen[bytes] | None = None
        self.url = f"http://{self._tree['web']['listen']}"

    @contextlib.contextmanager
    def processes(self) -> Iterator[None]:
        """Bearers first, then the daemon; all of them are ended by their own id."""
        shutil.rmtree(self._state, ignore_errors=True)
        self._state.mkdir(parents=True)
        try:
            for name, bearer in self._story.bearers.items():
                self._bearers[name] = self._start_bearer(name, bearer)
            self._daemon = subprocess.Popen(
                [sys.executable, "-m", "fenghuo", "serve", "--config", str(self._config)],
                stdout=subprocess.PIPE,
                stderr=(self._state / "daemon.log").open("wb"),
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            self._until_ready()
            yield
        finally:
            started = [*self._bearers.values(), *([self._daemon] if self._daemon else [])]
            for process in started:
                process.terminate()
            for process in started:
                process.wait(timeout=40)

    def play(self) -> bool:
        """The story: warning in, two signatures, a bearer dies, everyone is reached. True if every objective was met."""
        control = Control(self._control_socket(), (self._state / "ctl.token").read_text().strip())
        source = Control(self._control_socket(), self._secret(self._story.source))
        board = Board(control)
        raw = self.stamped()
        click.echo(f"1. {raw.count(b'<area>')} towns are named in the warning; it comes from the met station and needs two signatures.")
        accepted = source.call("alert.submit", raw=raw, media_type="application/cap+xml")
        if "id" not in accepted or accepted.get("state") != "held":
            raise CallFailed("refused", f"the warning was not taken as expected: {accepted}")
        click.echo(f"   accepted durably as {accepted['id']}, state {accepted['state']}")
        for name in self._story.signers:
            signer = {"id": accepted["id"], "token": self._secret(name)}
            signed = control.call("alert.sign", **signer, envelope=control.call("alert.review", **signer)["envelope"])
            click.echo(f"2. signed by {name}: {len(signed['signatures'])} of {signed['needed']}, state {signed['state']}")
        order = control.call("message.send", to=["role:duty_officer"], text=self._story.order, priority="P2")
        click.echo(f"   and an order to every duty officer on the side: {order['id']}")
        return self._watch(control, board, (accepted["id"], order["id"]))

    def _watch(self, control: Control, board: Board, messages: tuple[str, ...]) -> bool:
        victim, after = self._story.kill, self._story.kill_after
        began = time.monotonic()
        for event in control.follow(0, silence_s=OVER_S):
            board.take(event, time.monotonic() - began)
            if victim in self._bearers and board.confirmed >= after and self._bearers[victim].poll() is None:
                self._bearers[victim].send_signal(signal.SIGKILL)
                self._bearers[victim].wait(timeout=READY_S)
                click.echo(
                    f"3. the bearer {victim} is killed (SIGKILL) after {board.confirmed} confirmations; the rest must go another way"
                )
            if board.is_over(messages) or time.monotonic() - began > OVER_S:
                break
        shown = [control.call("message.show", id=message) for message in messages]
        click.echo("\nWho was reached, at which evidence, over which channel:")
        _print(("town", "people", "HUMAN", "DEVICE", "not yet", "by channel"), board.rows())
        click.echo("")
        _print(
            ("message", "audience", "needed", "reached", "of", "state"),
            [
                (
                    view["headline"][:24],
                    objective["audience"][:24],
                    objective["needed"],
                    objective["met"],
                    objective["total"],
                    objective["state"],
                )
                for view in shown
                for objective in view["objectives"]
            ],
        )
        click.echo(_channels(control))
        return all(objective["state"] == "MET" for view in shown for objective in view["objectives"])

    def wait(self) -> None:
        """Until Ctrl-C, or until the daemon ends by itself."""
        with contextlib.suppress(KeyboardInterrupt):
            if self._daemon is not None:
                self._daemon.wait()

    def daemon_says(self) -> str:
        """The end of the daemon's log, for whoever has to find out what went wrong."""
        log = self._state / "daemon.log"
        return log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""

    def _start_bearer(self, name: str, bearer: dict[str, str | int | float]) -> subprocess.Popen[bytes]:
        options = [f"--{key}={value}" for key, value in bearer.items() if key != "socket"]
        received = (self._state / f"{name}.received.jsonl").open("wb")
        socket = Path(str(bearer["socket"]))
        process = subprocess.Popen([sys.executable, "-m", "fenghuo.rig.sites", str(socket), *options], stdout=received)
        received.close()
        _until(socket.exists, READY_S, f"the bearer {name} did not come up")
        return process

    def _until_ready(self) -> None:
        stdout = self._daemon.stdout if self._daemon else None
        line = stdout.readline().decode() if stdout else ""
        if "ready" not in line:
            raise TimeoutError(f"the daemon did not start: {line}")
        click.echo(line.strip())
        threading.Thread(target=self._echo, args=(stdout,), daemon=True).start()
        control = Control(self._control_socket(), (self._state / "ctl.token").read_text().strip())
        _until(lambda: all(one["health"] == "up" for one in control.call("channel.ls")), READY_S, "the channels did not come up")

    def _echo(self, stdout: IO[bytes] | None) -> None:
        """What else the daemon says to whoever has started it: the one-time code of the first administrator."""
        for line in stdout or ():
            click.echo(line.decode().strip().replace("fenghuo user", f"fenghuo --socket {self._control_socket()} user"))

    def _control_socket(self) -> Path:
        return self._state / "ctl.sock"

    def _secret(self, name: str) -> str:
        file: str = self._tree["tokens"][name]["file"]
        return (self._base / file).read_text().strip()

    def stamped(self) -> bytes:
        """The sample warning as if it were sent at this moment, under a name of its own."""
        now = datetime.now(CHINA)
        sample = (self._base / self._story.alert).read_bytes()
        return restamped(sample, now=now, rename=lambda name: name.partition(b"_")[0] + f"_{now:%Y%m%d%H%M%S}".encode())


def _print(heads: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """A table with its heads, into a pipe too: the report is read by people either way."""
    if not sys.stdout.isatty():
        click.echo("\t".join(heads))
    print_table(heads, rows)


def _channels(control: Control) -> str:
    return "channels: " + ", ".join(f"{one['name']} {one['health']}" for one in control.call("channel.ls"))


def _until(condition: Callable[[], bool], limit_s: float, complaint: str) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(complaint)
        time.sleep(0.02)
