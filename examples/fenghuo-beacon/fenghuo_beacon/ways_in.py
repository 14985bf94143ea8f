"""What comes in from the boards: a press of the help button as a report, and what they live on."""

from __future__ import annotations

import asyncio

import msgspec
from fenghuo import Hints, Observation, Refused, SensorContext, SourceContext

from fenghuo_beacon import ButtonSettings, SupplySettings

__all__ = ["Buttons", "Supply"]


class Buttons:
    """A line that listens: `PRESS 7 12 有人落水` is press number 7, at board 12."""

    def __init__(self, ctx: SourceContext) -> None:
        self.ctx = ctx
        self.settings: ButtonSettings = ctx.settings

    async def run(self) -> None:
        while True:
            try:
                await self._listen()
            except OSError as error:
                self.ctx.log.warning("no word from the buttons", cause=str(error))
            await asyncio.sleep(self.settings.again_s)

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection(self.settings.host, self.settings.port)
        try:
            writer.write(b"BUTTONS\n")
            while line := await reader.readline():
                word, number, board, *text = line.decode(errors="replace").split()
                if word == "PRESS":
                    await self._accept(number, board, " ".join(text))
                    writer.write(f"HEARD {number}\n".encode())
        finally:
            writer.close()

    async def _accept(self, number: str, board: str, text: str) -> None:
        """It returns after the commit, and only then is the button told; its key makes a press that comes twice one report."""
        report = {"kind": "Report", "to": [self.settings.to], "text": f"条屏{board}呼救：{text}"}
        hints = Hints("application/json", source=self.ctx.name, key=f"press-{number}")
        answer = await self.ctx.accept(msgspec.json.encode(report), hints)
        if isinstance(answer, Refused):
            self.ctx.log.warning("a press was refused", number=number, cause=answer.code)


class Supply:
    """Asks each `every_s` what the boards live on; no answer is no observation, and the last one goes stale by itself."""

    def __init__(self, ctx: SensorContext) -> None:
        self.ctx = ctx
        self.settings: SupplySettings = ctx.settings

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self.settings.timeout_s):
                    await self._look()
            except (OSError, TimeoutError) as error:
                self.ctx.log.warning("the boards do not say what they live on", cause=str(error))
            await asyncio.sleep(self.settings.every_s)

    async def _look(self) -> None:
        reader, writer = await asyncio.open_connection(self.settings.host, self.settings.port)
        try:
            writer.write(b"SUPPLY\n")
            word = (await reader.readline()).decode(errors="replace").strip()
        finally:
            writer.close()
        if word in {"mains", "battery"}:
            self.ctx.observe(Observation("boards.supply", word, "", self.ctx.clock.time(), 3 * self.settings.every_s))
