"""Kannel as a yardstick: texts in by its HTTP, kept in a file or a spool, out to a centre that stamps when each comes. It syncs nothing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import IO

from bench.http_subject import HttpSubject
from bench.ports import free_port, until_open
from bench.pump import MARK

__all__ = ["KannelFile", "KannelSpool"]

CONFIG = """group = core
admin-port = {admin}
admin-password = lab
smsbox-port = {smsbox}
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
store-type = {store}
store-location = {place}
store-dump-freq = 10
log-level = 4

group = smsc
smsc = fake
smsc-id = FAKE
port = {centre}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {port}
global-sender = 13013
log-level = 4

group = sendsms-user
username = u
password = p
max-messages = 3

group = sms-service
keyword = default
text = ok
max-messages = 0
"""
TEXT = "A" * 100
"""As much as one text carries beside its number: Kannel cannot be given 1 KiB."""


class KannelFile(HttpSubject):
    """bearerbox and smsbox; the centre is a client of the bearerbox, as its fake kind has it."""

    name = "kannel file"
    store = "file"

    async def _started(self, log: IO[bytes]) -> int:
        admin, smsbox, centre, port = (free_port() for _ in range(4))
        place = self._folder / "store"
        if self.store == "spool":
            place.mkdir()
        config = self._folder / "kannel.conf"
        config.write_text(CONFIG.format(admin=admin, smsbox=smsbox, centre=centre, port=port, store=self.store, place=place))
        self._process = await asyncio.create_subprocess_exec("bearerbox", "-v", "4", str(config), stdout=log, stderr=log)
        await until_open(smsbox, 30)
        self._smsbox = await asyncio.create_subprocess_exec("smsbox", "-v", "4", str(config), stdout=log, stderr=log)
        await until_open(port, 30)
        self._centre = asyncio.create_task(self._take(centre), name="the centre")
        return port

    async def stop(self) -> None:
        self._centre.cancel()
        await asyncio.gather(self._centre, return_exceptions=True)
        if self._smsbox.returncode is None:
            self._smsbox.kill()
            await self._smsbox.wait()
        await super().stop()

    async def _take(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.closing(writer):
            while line := await reader.readline():
                at = time.monotonic()
                for number in MARK.findall(line):
                    self._sink.got.setdefault(int(number), at)

    async def _send(self, number: int) -> bool:
        assert self._client is not None
        to = f"%2B86138{number % 100_000_000:08d}"
        return await self._client.get(f"/cgi-bin/sendsms?username=u&password=p&to={to}&text=fh{number}x{TEXT}") == 202


class KannelSpool(KannelFile):
    """The same with a file for each text."""

    name = "kannel spool"
    store = "spool"
