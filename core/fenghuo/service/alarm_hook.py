"""Tells a receiver outside of every alarm, that it was raised and that it is over, at least once, whatever lies between.

What is told is the alarm as it is by then and not each step of it, so that nothing piles up while the receiver is away. How far the stream
was told stands in the store; a start tells all that stand, and goes on from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.engine.alarm_kinds import AlarmKind
from fenghuo.errors import FenghuoError
from fenghuo.model.alarm import Alarm, Held
from fenghuo.service.alarm_forms import FORMS, SIGNATURE, signature
from fenghuo.service.secrets import read_secret
from fenghuo.service.settings_values import AlarmHookSettings
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import ALARM, META
from fenghuo.store.transaction import Tx

__all__ = ["AlarmHook"]

CURSOR = "alarms.webhook.after"
FIRST_REST_S, LONGEST_REST_S = 1.0, 300.0
GIVE_UP_S = 86_400.0
"""What nobody took for a day is let go: a receiver that comes back is told of what stands, and of what happens from then on."""
AT_ONCE = 100
_READ = 1_000
_STANDS = "is_over = 0 AND state != 'NORMAL'"
_OF_THESE = "id IN (SELECT value FROM json_each(?)) ORDER BY id"

log = structlog.stdlib.get_logger("fenghuo.alarm_hook")


class AlarmHook:
    """`kinds`: the catalogue's. Nothing waits for it, and it waits for its receiver alone; `rest_s`: its first rest after a refusal."""

    def __init__(
        self,
        settings: AlarmHookSettings,
        store: Store,
        clock: Clock,
        kinds: Mapping[str, AlarmKind],
        *,
        node: str,
        rest_s: float = FIRST_REST_S,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._kinds = kinds
        self._node = node
        self._rest_s = rest_s
        self._waiting: dict[int, None] = {}

    async def run(self) -> None:
        """Until cancelled."""
        kept = await self._store.sound(META, CURSOR)
        after = int(kept.value) if kept is not None else self._store.events.head
        await self._take_standing()
        while True:
            after = await self._gather(after)
            await self._tell()
            if kept is None or int(kept.value) != after:
                kept = MetaRow(CURSOR, str(after))
                await self._store.run(partial(_keep, row=kept))
            if not await self._woken(after):
                await self._take_standing()  # the time to tell them again

    async def _take_standing(self) -> None:
        self._waiting.update(dict.fromkeys(alarm.id for alarm in await self._store.find(ALARM, _STANDS)))

    async def _gather(self, after: int) -> int:
        """Note which alarms the stream tells of behind `after`; how far it was read."""
        head = self._store.events.head
        while after < head and (events := await self._store.events.read(after, _READ)):
            after = events[-1].seq
            changed = (event.subject.partition("/")[2] for event in events if event.type.startswith("alarms."))
            self._waiting.update(dict.fromkeys(int(number) for number in changed if number.isdigit()))
        return after

    async def _woken(self, after: int) -> bool:
        """Wait for the next change of an alarm; False: those that stand are to be told again first."""
        is_due = self._settings.repeat_s and await self._store.find(ALARM, _STANDS, limit=1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.repeat_s if is_due else None):
                await self._changed(after)
                return True
        return False

    async def _changed(self, after: int) -> None:
        while True:
            await self._store.events.wait(after)
            events = await self._store.events.read(after, _READ)
            if any(event.type.startswith("alarms.") for event in events):
                return
            after = events[-1].seq if events else self._store.events.head

    async def _tell(self) -> None:
        """All that wait, as they are now; once more and once more, until they are taken or their day is over."""
        began, rest_s, failures = self._clock.monotonic(), self._rest_s, 0
        while self._waiting:
            numbers = list(self._waiting)[:AT_ONCE]
            told = self._wanted(await self._store.find(ALARM, _OF_THESE, msgspec.json.encode(numbers).decode()))
            why = await self._posted(told) if told else ""
            if why:
                failures += 1
                if failures == 1:
                    log.warning("alarms are not taken", url=self._settings.url, cause=why)
                if self._clock.monotonic() - began >= GIVE_UP_S:
                    log.error("alarms were told to nobody", url=self._settings.url, cause=why, count=len(self._waiting))
                    self._waiting.clear()
                    return
                await asyncio.sleep(rest_s)
                rest_s = min(2 * rest_s, LONGEST_REST_S)
                continue
            for number in numbers:
                del self._waiting[number]
            if failures:
                log.info("alarms are taken again", url=self._settings.url, failures=failures)
            began, rest_s, failures = self._clock.monotonic(), self._rest_s, 0

    def _wanted(self, alarms: Sequence[Alarm]) -> list[tuple[Alarm, AlarmKind]]:
        """Those that called a person, with a kind that this version knows; not those of an exercise or a test."""
        return [
            (alarm, kind)
            for alarm in alarms
            if alarm.has_called
            and alarm.held is not Held.BY_DESIGN
            and alarm.priority in self._settings.priorities
            and (kind := self._kinds.get(alarm.kind)) is not None
        ]

    async def _posted(self, told: Sequence[tuple[Alarm, AlarmKind]]) -> str:
        """Why they were not taken; "" when they were."""
        settings, now = self._settings, self._clock.time()
        body = FORMS[settings.form](self._node, told, now)
        headers = {"Content-Type": "application/json", "User-Agent": "fenghuo"}
        try:
            if settings.secret:
                secret = await asyncio.to_thread(read_secret, settings.secret, settings.base)
                headers[SIGNATURE] = signature(secret, body, now)
            poster = importlib.import_module("fenghuo.service.alarm_post")
            await poster.post(settings, body, headers)
        except FenghuoError as error:
            return str(error)
        return ""


def _keep(tx: Tx, row: MetaRow) -> None:
    tx.put(META, row)
