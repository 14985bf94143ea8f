"""Four programs that drive a modem, none of them ours: gammu, gammu-smsd, smstools and Kannel. What they take for a modem is one.

Each sends one text with a report and takes one message, and says what it made of both.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlencode

from tests.peers.atmodem import AtModem
from tests.scale import TIMEOUT_SCALE
from tests.signals import send

__all__ = ["Seen", "gammu", "gammu_smsd", "kannel", "smstools"]

NUMBER, SENDER = "+8613800138000", "+8613912345678"
ANSWER = "收到，已组织转移32户"
LIMIT_S = 40.0
_SEARCH = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin", "LC_ALL": "C.UTF-8"}

Seen = str
"""What a host printed, or left in its files, after it had sent and received."""


async def gammu(modem: AtModem, folder: Path, text: str) -> Seen:
    """Send, then read the storage."""
    rc = folder / "gammurc"
    rc.write_text(f"[gammu]\ndevice = {modem.link}\nconnection = at115200\n", encoding="utf-8")
    sent = await _run("gammu", "-c", str(rc), "sendsms", "TEXT", NUMBER, "-autolen", "300", "-unicode", "-report", "-text", text)
    await modem.message(SENDER, ANSWER)
    return sent + await _run("gammu", "-c", str(rc), "getallsms")


async def gammu_smsd(modem: AtModem, folder: Path, text: str) -> Seen:
    """A daemon with a spool of files: inject, receive, and its log of the report."""
    for name in ("inbox", "outbox", "sent", "error"):
        (folder / name).mkdir()
    paths = "".join(f"{name}path = {folder}/{name}/\n" for name in ("inbox", "outbox", "errorsms")).replace("errorsms/", "error/")
    rc = folder / "smsdrc"
    rc.write_text(
        f"[gammu]\ndevice = {modem.link}\nconnection = at115200\n[smsd]\nservice = files\nlogfile = {folder}/log\ndebuglevel = 1\n"
        f"{paths}sentsmspath = {folder}/sent/\ndeliveryreport = sms\ncommtimeout = 1\nreceivefrequency = 1\nstatusfrequency = 5\n"
        "checksecurity = 0\nloopsleep = 1\n",
        encoding="utf-8",
    )
    async with _daemon("gammu-smsd", "-c", str(rc)):
        await _run("gammu-smsd-inject", "-c", str(rc), "TEXT", NUMBER, "-unicode", "-report", "-text", text)
        await modem.message(SENDER, ANSWER)
        await _until(lambda: any((folder / "inbox").iterdir()) and "Delivery report" in _read(folder / "log"))
    return "".join(_read(file) for file in (folder / "inbox").iterdir()) + _read(folder / "log")


async def smstools(modem: AtModem, folder: Path, text: str) -> Seen:
    """smsd of smstools: a file goes out, its report is appended, a message becomes a file."""
    for name in ("outgoing", "checked", "incoming", "failed", "sent", "report"):
        (folder / name).mkdir()
    places = "".join(f"{name} = {folder}/{name}\n" for name in ("outgoing", "checked", "incoming", "failed", "sent", "report"))
    rc = folder / "smsd.conf"
    rc.write_text(
        f"devices = GSM1\nloglevel = 7\nlogfile = {folder}/log\n{places}pidfile = {folder}/pid\ninfofile = {folder}/info\n"
        f"delaytime = 1\nautosplit = 3\n[GSM1]\ndevice = {modem.link}\nbaudrate = 115200\nincoming = yes\nreport = yes\nmemory_start = 1\n"
        "check_memory_method = 31\ninit = AT+CNMI=2,0,0,2,0\n",
        encoding="utf-8",
    )
    head = f"To: {NUMBER.removeprefix('+')}\nAlphabet: UCS2\nReport: yes\n\n".encode()
    (folder / "order").write_bytes(head + text.encode("utf-16-be"))
    (folder / "order").rename(folder / "outgoing" / "order")
    await modem.message(SENDER, ANSWER)
    async with _daemon("smsd", f"-c{rc}", "-t"):
        await _until(lambda: any((folder / "incoming").iterdir()) and any((folder / "report").iterdir()))
    incoming = [file.read_bytes().partition(b"\n\n") for file in (folder / "incoming").iterdir()]
    read = "".join(head.decode() + body.decode("utf-16-be", "replace") for head, _, body in incoming)
    return read + "".join(file.read_bytes().decode("latin-1").replace("\0", "") for file in (folder / "report").iterdir())


async def kannel(modem: AtModem, folder: Path, text: str) -> Seen:
    """bearerbox and smsbox: sendsms over HTTP, the delivery report and the message in bearerbox's log."""
    admin, boxes, http = _free_port(), _free_port(), _free_port()
    rc = folder / "kannel.conf"
    rc.write_text(
        f"group = core\nadmin-port = {admin}\nadmin-password = lab\nadmin-interface = 127.0.0.1\nsmsbox-port = {boxes}\n"
        f'smsbox-interface = 127.0.0.1\nbox-allow-ip = "127.0.0.1"\nlog-file = "{folder}/log"\nlog-level = 0\ndlr-storage = internal\n\n'
        f"group = smsc\nsmsc = at\nsmsc-id = modem1\nmodemtype = generic\ndevice = {modem.link}\nspeed = 115200\nvalidityperiod = 167\n\n"
        'group = modems\nid = generic\nname = "generic"\ninit-string = "AT+CNMI=2,1,0,1,0"\n\n'
        f"group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {http}\nsendsms-interface = 127.0.0.1\n\n"
        "group = sendsms-user\nusername = lab\npassword = lab\nconcatenation = true\nmax-messages = 5\n\n"
        'group = sms-service\nkeyword = default\ntext = "ok"\n',
        encoding="utf-8",
    )
    order = urlencode({
        "username": "lab", "password": "lab", "from": "1069", "to": NUMBER, "coding": 2, "charset": "UTF-8", "dlr-mask": 31, "text": text,
    })  # fmt: skip
    async with _daemon("bearerbox", str(rc)):
        await _until(lambda: _is_open(boxes))
        async with _daemon("smsbox", str(rc)):
            await _until(lambda: _is_open(http) and "AT2[modem1]: AT SMSC successfully opened." in _read(folder / "log"))
            await _get(http, f"/cgi-bin/sendsms?{order}")
            await _until(lambda: "Looking for DLR" in _read(folder / "log"))
            await modem.message(SENDER, ANSWER)
            # It names the sender's centre, and its service answers the sender.
            await _until(
                lambda: "received message from SMSC: +86138" in _read(folder / "log") and SENDER in {sent.to for sent in modem.submits}
            )
    return _read(folder / "log")


async def _run(*command: str) -> str:
    """What a program says, to its end."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=_SEARCH)
    async with asyncio.timeout(LIMIT_S * TIMEOUT_SCALE):
        said, _ = await process.communicate()
    return said.decode("utf-8", "replace")


@contextlib.asynccontextmanager
async def _daemon(*command: str) -> AsyncIterator[None]:
    """A program that runs until it is told to end; Kannel wants to be told twice."""
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=quiet, stderr=quiet, env=_SEARCH, start_new_session=True)
    try:
        yield
    finally:
        for how in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            send(process, how)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(process.wait()), 2.0)
                break
        await process.wait()


async def _until(holds: Callable[[], bool]) -> None:
    """Files are looked at, for these programs tell nobody."""
    async with asyncio.timeout(LIMIT_S * TIMEOUT_SCALE):
        while not holds():
            await asyncio.sleep(0.1)


async def _get(port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    said = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    if not re.match(r"HTTP/1\.\d 202", said):
        raise AssertionError(said)
    return said


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _is_open(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
