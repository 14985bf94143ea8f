"""The daemon as a process with as little as it needs: its life in order, its exit codes, and what it takes over at a reload."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fenghuo.client.caller import CallFailed
from fenghuo.client.socket import Control
from fenghuo.service.daemon import version
from fenghuo.service.problems import Exit, exit_for
from tests.scale import PATIENCE_S
from tests.signals import send

pytestmark = [pytest.mark.may_block("it reads the files of a process of its own"), pytest.mark.timeout(60)]

LEAST = '[node]\nname = "node"\n'
TOKEN = '[tokens.duty]\nfile = "state/duty.token"\ngenerate = true\nrights = ["operator"]\n'
RULES = (
    '[ladders.x]\n[[ladders.x.rungs]]\nchannels = ["sms"]\n[[rules]]\nname = "orders"\naudience = { name = "as addressed" }\nladder = "x"\n'
)


def hook(name: str) -> str:
    """A channel that needs no device."""
    return f'[channels.{name}]\ntype = "http.webhook"\n[channels.{name}.settings]\nurl = "http://127.0.0.1:9/"\n'


PERSONS = "id,name,org,roles,areas,deputy\nwang,王,tc,,,\n"


class Process:
    """`fenghuo serve` on a folder, what it printed when it was ready, and what it logged."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process, ready: str) -> None:
        self.folder, self.ready = folder, ready
        self._process = process

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "log").read_text(encoding="utf-8").splitlines() if line.startswith("{")]

    def memory_mb(self) -> float:
        """The most that it has had resident so far. Source: proc(5), VmHWM."""
        text = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(text.partition("VmHWM:")[2].split()[0]) / 1024

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        send(self._process, how)
        return await self.ended()

    async def ended(self) -> int:
        """The exit code with which it ends by itself."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._process.wait()

    async def said(self) -> str:
        """The next line that it prints; "" when it has ended."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            return (await self._process.stdout.readline()).decode().rstrip()

    def reload(self) -> None:
        send(self._process, signal.SIGHUP)

    async def until_logged(self, event: str, count: int = 1) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            while len(found := [line for line in self.log if line["event"] == event]) < count:
                await asyncio.sleep(0.02)
        return found[-1]

    async def ask(self, token: str, verb: str, **args: Any) -> Any:
        control = Control(self.folder / "state" / "ctl.sock", (self.folder / "state" / f"{token}.token").read_text().strip())
        return await asyncio.to_thread(lambda: control.call(verb, **args))


RUN = ("-m", "fenghuo")


async def begin(folder: Path, *options: str, run: tuple[str, ...] = RUN) -> Process:
    """`run`: how the command is run; with a fault in it where a test wants one."""
    with (folder / "log").open("wb") as log:
        command = (sys.executable, *run, "serve", "--config", str(folder / "fenghuo.toml"), *options)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=log)
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        ready = (await process.stdout.readline()).decode()
    return Process(folder, process, ready)


@contextlib.asynccontextmanager
async def serving(folder: Path, text: str = LEAST, *options: str, run: tuple[str, ...] = RUN) -> AsyncIterator[Process]:
    (folder / "rules.toml").write_text(RULES)
    (folder / "fenghuo.toml").write_text(text, encoding="utf-8")
    process = await begin(folder, *options, run=run)
    try:
        yield process
    finally:
        await process.end(signal.SIGKILL)


async def test_it_needs_nothing_but_a_name(tmp_path: Path) -> None:
    """One line says that it is ready and where; the folder of its state is its own."""
    async with serving(tmp_path) as process:
        assert process.ready.startswith(f"fenghuo {version()} ready in ")
        assert process.ready.rstrip().endswith(f"s: node node, socket {tmp_path}/state/ctl.sock, 0 channels, 0 in doubt")
        assert (await process.ask("ctl", "status"))["ready"]
        assert 0 == stat.S_IMODE((tmp_path / "state").stat().st_mode) & stat.S_IWOTH


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_by_itself_when_asked(tmp_path: Path, how: signal.Signals) -> None:
    """With 0, the control socket closed before the store."""
    async with serving(tmp_path) as process:
        assert 0 == await process.end(how)
        events = [line["event"] for line in process.log]
        assert events.index("control socket open") < events.index("control socket closed")
        assert not (tmp_path / "state/ctl.sock").exists()


async def test_while_it_drains_it_says_to_try_again(tmp_path: Path) -> None:
    """An emission is in flight: new orders are told to come later, and whoever looks sees that it is not ready; then it ends."""
    people = tmp_path / "people"
    people.mkdir()
    (people / "areas.csv").write_text("ref,name,level,parent\nmca:320585,太仓市,county,\n", encoding="utf-8")
    (people / "orgs.csv").write_text("id,name,kind,level,parent,area\ntc,中心,centre,3,,mca:320585\n", encoding="utf-8")
    (people / "persons.csv").write_text(PERSONS, encoding="utf-8")
    (people / "contacts.csv").write_text("owner,kind,address\nwang,url,http://127.0.0.1:9/\n", encoding="utf-8")
    asked, answer = asyncio.Event(), asyncio.Event()

    async def far_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await answer.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(far_end, "127.0.0.1", 0)
    channel = hook("sms").replace(":9/", f":{server.sockets[0].getsockname()[1]}/")
    async with server, serving(tmp_path, LEAST + 'directory = "people"\n' + TOKEN + channel) as process:
        await process.ask("duty", "message.send", to=["person:wang"], text="立即到岗", priority="P2")
        async with asyncio.timeout(PATIENCE_S):
            await asked.wait()
        ending = asyncio.create_task(process.end())
        async with asyncio.timeout(PATIENCE_S):
            while (await process.ask("duty", "status"))["ready"]:
                await asyncio.sleep(0.02)
        with pytest.raises(CallFailed, match="the daemon is stopping") as refused:
            await process.ask("duty", "message.send", to=["person:wang"], text="再来一次", priority="P2")
        assert exit_for(refused.value.code) is Exit.NOT_NOW
        answer.set()
        assert 0 == await ending


async def test_a_token_is_made_at_the_first_start_and_kept(tmp_path: Path) -> None:
    """Readable by its owner alone; the second start reads the same."""
    async with serving(tmp_path, LEAST + TOKEN) as process:
        made = (tmp_path / "state/duty.token").read_text()
        assert 0o600 == stat.S_IMODE((tmp_path / "state/duty.token").stat().st_mode)
        assert await process.ask("duty", "status")
        await process.end()
    async with serving(tmp_path, LEAST + TOKEN) as process:
        assert made == (tmp_path / "state/duty.token").read_text()


async def test_a_reload_takes_over_tokens_and_rules(tmp_path: Path) -> None:
    """A token that is gone from the settings opens nothing any more, a new one does, and the new rules decide; what needs a restart is
    named."""
    async with serving(tmp_path, LEAST + TOKEN + hook("sms")) as process:
        (tmp_path / "state/chief.token").write_text("chief-0123456789\n")
        (tmp_path / "fenghuo.toml").write_text(
            LEAST + TOKEN.replace("duty", "chief") + hook("sms") + hook("radio") + "[intake]\nmax_pending = 7\n"
        )
        (tmp_path / "rules.toml").write_text(
            RULES.replace('"orders"', '"all orders"').replace('"as addressed" }', '"nobody", roles = ["x"] }')
        )
        process.reload()
        assert ["intake", "channels.radio"] == (await process.until_logged("settings changed"))["needs_restart"]
        assert "its audience is nobody in this directory" in (await process.until_logged("rules that cannot work", 2))["fault"]
        with pytest.raises(CallFailed, match="the token is missing or not known here"):
            await process.ask("duty", "status")


async def test_rules_that_need_a_channel_that_does_not_run_are_not_taken_over(tmp_path: Path) -> None:
    """Nothing of the same reload is: the sentence says what a restart would bring."""
    async with serving(tmp_path, LEAST + TOKEN + hook("sms")) as process:
        (tmp_path / "fenghuo.toml").write_text(LEAST + TOKEN.replace("duty", "chief") + hook("sms") + hook("radio"))
        (tmp_path / "rules.toml").write_text(RULES.replace('"sms"', '"radio"'))
        process.reload()
        await process.until_logged("settings not changed", 2)
        says = "rules.toml: ladder 'x': no channel is named 'radio' ('radio' will be there after a restart)"
        assert says in [line.get("fault") for line in process.log]
        assert (await process.ask("duty", "status"))["ready"]


async def test_a_folder_of_which_one_file_is_bad_is_not_taken_over_in_part(tmp_path: Path) -> None:
    """New persons beside a roll that cannot be read stay unknown, until the roll is mended."""
    people = tmp_path / "people"
    people.mkdir()
    (people / "areas.csv").write_text("ref,name,level,parent\nmca:320585,太仓市,county,\n", encoding="utf-8")
    (people / "orgs.csv").write_text("id,name,kind,level,parent,area\ntc,中心,centre,3,,mca:320585\n", encoding="utf-8")
    (people / "persons.csv").write_text(PERSONS, encoding="utf-8")
    async with serving(tmp_path, LEAST + 'directory = "people"\n' + TOKEN + hook("sms")) as process:
        (people / "persons.csv").write_text(PERSONS + "li,李,tc,,,\n", encoding="utf-8")
        (people / "subscribers.csv").write_text("what,is,this\n", encoding="utf-8")
        process.reload()
        assert "subscribers.csv" in (await process.until_logged("settings not changed"))["fault"]
        assert not await knows(process, "person:li")
        (people / "subscribers.csv").unlink()
        process.reload()
        await process.until_logged("settings changed")
        assert await knows(process, "person:li")


async def knows(process: Process, who: str) -> bool:
    """Whether an order to them is one to somebody."""
    answer = await process.ask("duty", "message.send", to=[who], text="立即到岗", priority="P2")
    return all(verdict["ok"] for verdict in answer["verdicts"])


@pytest.mark.parametrize(
    ("file", "raw"), [("rules.toml", b"\xff\xfe"), ("rules.toml", b"[ladders"), ("fenghuo.toml", b"[node]\nname = 7\n")]
)
async def test_what_cannot_be_read_at_a_reload_changes_nothing(tmp_path: Path, file: str, raw: bytes) -> None:
    """A fault in either file is logged with its name, and the daemon goes on as before."""
    async with serving(tmp_path, LEAST + TOKEN) as process:
        (tmp_path / file).write_bytes(raw)
        process.reload()
        assert file in (await process.until_logged("settings not changed"))["fault"]
        assert (await process.ask("duty", "status"))["ready"]
        assert 0 == await process.end()


async def test_faults_at_the_start_end_it_with_78(tmp_path: Path) -> None:
    """Each on a line of its own, without a stack trace; nothing was made."""
    async with serving(tmp_path, '[node]\nname = "NODE"\nrulez = 3\n') as process:
        assert (78, "") == (await process.ended(), process.ready)
        said = (tmp_path / "log").read_text()
        assert (2, False, False) == (len(said.splitlines()), "Traceback" in said, (tmp_path / "state").exists())


async def test_rules_that_are_no_text_end_it_with_78(tmp_path: Path) -> None:
    """As `fenghuo config check` says it."""
    (tmp_path / "fenghuo.toml").write_text(LEAST)
    (tmp_path / "rules.toml").write_bytes(b"\xff\xfe")
    process = await begin(tmp_path)
    assert (78, True) == (await process.ended(), (tmp_path / "log").read_text().startswith("rules.toml: cannot be read: "))


async def test_a_store_in_use_ends_the_second_daemon(tmp_path: Path) -> None:
    """With a sentence; the first goes on."""
    async with serving(tmp_path) as first:
        second = await begin(tmp_path)
        assert 75 == await second.ended()
        assert (await first.ask("ctl", "status"))["ready"]


FAULTY = """
import sys
from fenghuo.engine.auditor import Auditor
from fenghuo.service import audit, daemon, rolls, spool, upward, watchdog, web
from fenghuo.cli.main import main

def once(work):
    left = [TypeError("a fault of ours")]
    async def run(*args, **kwargs):
        if left:
            raise left.pop()
        await work(*args, **kwargs)
    return run

for kind in (Auditor, audit.AuditKeeper, rolls.RollKeeper, spool.Spool, upward.Upward, watchdog.Watchdog):
    kind.run = once(kind.run)
web.WebPort.start_late = once(web.WebPort.start_late)
for name in ("scrub_daily", "count_events", "tell_rules"):
    setattr(daemon, name, once(getattr(daemon, name)))
sys.exit(main())
"""
TASKS = ["audit", "auditor", "events", "rolls", "rules", "scrub", "spool", "upward", "watchdog", "web"]


async def test_every_task_that_ends_is_told_and_begun_again(tmp_path: Path) -> None:
    """Each of them once: its trace in the log, an alarm for a person, and the spool takes its file and the web port opens all the same."""
    (tmp_path / "spool").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        web = f'[web]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"\n[fronts.api]\ntype = "http.api"\n'
        text = LEAST + '[intake]\nspool = "spool"\n' + TOKEN + web
        async with serving(tmp_path, text, run=("-c", FAULTY)) as process:
            await process.until_logged("a task ended", len(TASKS))
            taken.close()
            (tmp_path / "spool/.a.json").write_text('{"to": ["person:wang"], "text": "立即到岗"}')
            (tmp_path / "spool/.a.json").rename(tmp_path / "spool/a.json")
            await process.until_logged("spool file accepted")
            await process.until_logged("web port open")
            ended = [line for line in process.log if line["event"] == "a task ended"]
            assert (TASKS, True) == (sorted(line["task"] for line in ended), all("a fault of ours" in line["trace"][-1] for line in ended))
            events = (await process.ask("duty", "log.read", limit=1000))["events"]
            assert [f"task/{name}" for name in TASKS] == sorted(event["subject"] for event in events if event["type"] == "alarm.task_ended")
            assert 0 == await process.end()


@pytest.mark.parametrize("fault", ["raise TypeError('a fault of ours')", "return", "raise asyncio.CancelledError"])
async def test_the_end_of_the_loop_ends_the_daemon(tmp_path: Path, fault: str) -> None:
    """However it comes: nothing is sent without it, and whoever started the daemon starts it again, from the disk."""
    broken = f"""
import asyncio, sys
from fenghuo.engine.loop import Loop
from fenghuo.cli.main import main

async def run(self):
    {fault}

Loop.run = run
sys.exit(main())
"""
    async with serving(tmp_path, run=("-c", broken)) as process:
        assert 70 == await process.ended()
        assert "the daemon stops" in [line["event"] for line in process.log]


async def test_a_web_port_answers_to_the_names_it_was_given(tmp_path: Path) -> None:
    """The ready line has its address; any other Host is refused."""
    text = LEAST + '[web]\nlisten = "127.0.0.1:0"\nhosts = ["fenghuo.taicang.example"]\n[fronts.api]\ntype = "http.api"\n'
    async with serving(tmp_path, text) as process:
        port = int(process.ready.partition("web http://127.0.0.1:")[2].partition(",")[0])
        assert [b"HTTP/1.1 200 OK", b"HTTP/1.1 421 Misdirected Request"] == [
            await first_line(port, host) for host in ("fenghuo.taicang.example", "evil.example")
        ]


async def test_the_first_start_says_how_the_first_administrator_is_made(tmp_path: Path) -> None:
    """By a one-time code, once: after a power cut the account is there, and nothing is said."""
    text = LEAST + '[web]\nlisten = "127.0.0.1:0"\n[accounts]\nmemory_kib = 8\npasses = 1\n'
    async with serving(tmp_path, text) as process:
        says, _, code = (await process.said()).rpartition(" ")
        assert "nobody has an account here; make the first administrator: fenghuo user enrol NAME, with the one-time code" == says
        made = await process.ask("ctl", "account.enrol", name="root", code=code, password="Tide-table 4711")
        assert made["otpauth"].startswith("otpauth://totp/Fenghuo%20node:root?secret=")
        await process.end(signal.SIGKILL)
        again = await begin(tmp_path)
        assert [("root", ["admin"], "active")] == [
            (one["name"], one["rights"], one["state"]) for one in await again.ask("ctl", "account.ls")
        ]
        assert (0, "") == (await again.end(), await again.said())


async def test_a_web_port_that_is_taken_is_waited_for(tmp_path: Path) -> None:
    """The node is there without it, says so and who has it, and opens it when whoever had it is gone."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = LEAST + TOKEN + f'[web]\nlisten = "127.0.0.1:{port}"\n[fronts.api]\ntype = "http.api"\n'
        async with serving(tmp_path, text) as process:
            says = f"web.listen 127.0.0.1:{port} cannot be opened: Address already in use, by process {os.getpid()} "
            assert says in (await process.until_logged("web port not open yet"))["cause"]
            assert (True, False) == (f"no web port yet ({says}" in process.ready, "web http" in process.ready)
            assert (await process.ask("duty", "status"))["ready"]
            taken.close()
            await process.until_logged("web port open")
            assert b"HTTP/1.1 200 OK" == await first_line(port, "localhost")


async def first_line(port: int, host: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n")[0]
