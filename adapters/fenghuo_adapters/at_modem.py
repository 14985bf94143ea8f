"""One modem that stays ready: opened again whenever it was lost, looked at in a cadence, and helped up a ladder when it hangs.

It owns one task. A submission that is refused for the recipient's sake, whatever the number, moves nothing here.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any, Protocol

import msgspec

from fenghuo.errors import LinkBroken, LinkError, LinkTimeout
from fenghuo_adapters.at_framing import Stored
from fenghuo_adapters.at_inbox import Arrival, Inbox
from fenghuo_adapters.at_ladder import Ladder, NoNetwork
from fenghuo_adapters.at_profile import Profile
from fenghuo_adapters.at_session import AtRefused, AtSession, LateReference, News, NotHandedOver, OutOfStep, Registration, Shown
from fenghuo_adapters.at_setup import PinRefused, Ready, Standing, look, renew_notices, set_up
from fenghuo_adapters.at_status import Blame, blame_of
from fenghuo_adapters.kiss_line import ByteLine, Pauses
from fenghuo_adapters.pdu_framing import Encoded

__all__ = ["Modem", "ModemEvents", "NotReadyToSend"]

_FIRST_PAUSE_S = 0.5
_UNSURE_MOST = 3
"""Submissions to so many numbers in a row, refused without a reason, are the modem's fault."""


class NotReadyToSend(NotHandedOver):
    """No modem is up, or none came free in time: nothing was written."""


class ModemEvents(Protocol):
    """What the owner of a modem wants to be told at once; none of these may block, and only pin_refused() may take its time and raise."""

    def changed(self, modem: Modem) -> None:
        """It came up, went down, or says another reason."""

    def arrived(self, arrival: Arrival) -> None:
        """A message or a report."""

    def answered_late(self, modem: Modem, reference: int) -> None:
        """The answer to the submission that was given up last."""

    async def pin_refused(self, modem: Modem) -> None:
        """Its SIM refused the PIN, which is not given again by this object; it is not opened again before this has come back.

        Raises: LinkError: nobody will remember it yet.
        """

    def in_step(self, modem: Modem) -> None:
        """Whatever it had not answered by now it will never answer."""


class Modem:
    """See the module. `name`: of its device, for an operator; `sim`: tells the SIMs of a pool apart."""

    def __init__(self, line: ByteLine, profile: Profile, events: ModemEvents, rng: random.Random, *, withholds_pin: bool = False) -> None:
        self.name = line.name
        self.sim = ""
        self.why_down = "not opened yet"
        self.signal: float | None = None
        self.is_up = False
        self.is_taken = False
        self._line = line
        self._profile = msgspec.structs.replace(profile, pin="") if withholds_pin else profile
        self._events = events
        self._pauses = Pauses(_FIRST_PAUSE_S, profile.reopen_most_s, rng)
        self._session: AtSession | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._inbox = Inbox(events.arrived, self._wanted.set, lambda: asyncio.get_running_loop().time())
        self._acknowledges = False
        self._ladder = Ladder(line, profile)
        self._unsure: set[str] = set()
        self._missed_since: float | None = None
        self._owes_refusal = False

    async def open(self) -> None:
        """Open it once and keep it from then on. Raises: LinkError: it cannot be opened now; nothing keeps running."""
        session = await self._opened()
        self._keeper = asyncio.create_task(self._keep(session), name=f"modem {self.name}")

    def keep_trying(self) -> None:
        """Keep it although it cannot be opened yet."""
        self._keeper = asyncio.create_task(self._keep(None), name=f"modem {self.name}")

    async def close(self) -> None:
        """Idempotent; afterwards no octet leaves."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        await self._drop("closed by us")

    @property
    def is_kept(self) -> bool:
        """Whether it is opened again whenever it is lost."""
        return self._keeper is not None

    async def submit(self, pdu: Encoded, *, whom: str, within_s: float) -> int:
        """Hand one PDU over, to the number `whom`; the modem's reference for it. `within_s`: the most of `send_s` that is left.

        Raises: as AtSession.submit(); NotReadyToSend.
        """
        session = self._session
        if session is None or not self.is_up:
            raise NotReadyToSend(f"{self.name}: {self.why_down}")
        try:
            reference = await session.submit(pdu, prompt_s=self._profile.prompt_s, within_s=min(within_s, self._profile.send_s))
        except AtRefused as refused:
            self._refused(refused.code, whom)
            raise
        except LinkError as failed:
            self._suspect(str(failed))
            raise
        except asyncio.CancelledError:
            self._suspect("a submission was cut short")
            raise
        self._unsure.clear()
        return reference

    async def enquire(self, *, within_s: float) -> Standing:
        """Ask it how it stands, whatever its cadence. Raises: LinkError."""
        session = self._session
        if session is None:
            raise NotReadyToSend(f"{self.name}: {self.why_down}")
        try:
            async with asyncio.timeout(within_s):
                return await look(session, self._profile)
        except TimeoutError:
            self._wanted.set()
            raise LinkTimeout(f"{self.name} did not answer within {within_s:g} s") from None

    def _refused(self, code: str, whom: str) -> None:
        match blame_of(code):
            case Blame.RECIPIENT | Blame.MESSAGE | Blame.LATER:
                self._unsure.clear()
            case Blame.CHANNEL:
                self._wanted.set()  # look at once whether it is still registered
            case Blame.UNSURE | Blame.DOUBT:
                self._unsure.add(whom)
                if self._is_unsure:
                    self._suspect(f"submissions to {len(self._unsure)} numbers in a row were refused without a reason ({code})")

    @property
    def _is_unsure(self) -> bool:
        """Whether it refuses whoever it is; what it refuses to one number, as often as that is tried, may be that number's fault."""
        return len(self._unsure) >= _UNSURE_MOST

    def _suspect(self, why: str) -> None:
        """It may hang: nothing more is given to it until the keeper has looked."""
        self._tell(up=False, why=why)
        self._wanted.set()

    # The keeper.

    async def _keep(self, session: AtSession | None) -> None:
        while True:
            try:
                if session is None:
                    session = await self._opened()
                await self._tend(session)
            except LinkError as failed:
                await self._drop(str(failed))
                if trouble := await self._ladder.climb(failed):
                    self._tell(up=False, why=trouble)
            session = None
            await asyncio.sleep(self._pauses.next_s())

    async def _opened(self) -> AtSession:
        if self._owes_refusal:
            await self._tell_refusal()
        streams = await self._line.open()
        streams[1].transport.set_write_buffer_limits(high=0)  # drain() means: the operating system has it
        session = self._session = AtSession(streams, name=self.name, on_news=self._heard)
        try:
            ready: Ready = await set_up(session, self._profile)
            self._events.in_step(self)
            self.sim = self._inbox.sim = ready.identity or self.name
            self._acknowledges = ready.acknowledges
            self._inbox.opened(memory=self._profile.storage)
            self._unsure.clear()
            await self._look(session)
        except BaseException as fault:
            if isinstance(fault, PinRefused):
                self._profile = msgspec.structs.replace(self._profile, pin="")
                self._owes_refusal = True
            await self._drop(str(fault) or "it was not set up")
            if self._owes_refusal:
                await self._tell_refusal()
            raise
        return session

    async def _tell_refusal(self) -> None:
        """Whoever comes after us, also after a sudden death, must not give that PIN a third time. Raises: LinkError."""
        await self._events.pin_refused(self)
        self._owes_refusal = False

    async def _look(self, session: AtSession) -> None:
        """Whether anything may be given to it. Raises: LinkError: it does not answer."""
        if not session.is_in_step:
            await session.resync(self._profile.mark_query, within_s=self._profile.command_s, tries=3)
            self._events.in_step(self)
        standing = await look(session, self._profile)
        self.signal = standing.signal
        if self._is_unsure:
            raise LinkBroken(f"{self.name}: {self.why_down}")
        self._tell(up=standing.is_up and session.is_in_step, why=standing.fault)
        self._miss_network(standing)

    def _miss_network(self, standing: Standing) -> None:
        """Some modems find their network again only after a restart. Raises: NoNetwork."""
        now, limit_s = asyncio.get_running_loop().time(), self._profile.unregistered_reset_s
        if standing.is_up:
            self._missed_since = None
        elif self._missed_since is None:
            self._missed_since = now
        elif limit_s and now - self._missed_since >= limit_s:
            self._missed_since = now
            raise NoNetwork(f"{standing.fault} for {limit_s:g} s")

    async def _tend(self, session: AtSession) -> None:
        """Look, read, wait: until the line is lost or the modem does not answer. Raises: LinkError."""
        opened_at = asyncio.get_running_loop().time()
        while True:
            try:
                await self._look(session)
                if self._acknowledges:
                    await renew_notices(session, self._profile)
                await self._inbox.sweep(session, self._profile.command_s)
                self._settle(opened_at)
                await self._idle(session)
            except OutOfStep:
                continue  # a submission was given up while we waited for our turn: the look begins with bringing it in step
            self._wanted.clear()

    def _settle(self, opened_at: float) -> None:
        """It answers: the next trouble begins at the foot of the ladder, once it has held for a while."""
        if asyncio.get_running_loop().time() - opened_at >= self._profile.poll_s:
            self._pauses.reset()
            self._ladder.descend()

    async def _idle(self, session: AtSession) -> None:
        """Do what is asked for until the next look is due. Raises: LinkError."""
        until = asyncio.get_running_loop().time() + self._profile.poll_s
        while True:
            while self._inbox.has_work and session.is_in_step:
                await self._inbox.run(session, self._profile.command_s)
            waiting = asyncio.ensure_future(self._wanted.wait())
            either: set[asyncio.Future[Any]] = {waiting, session.lost}
            left_s = until - asyncio.get_running_loop().time()
            try:
                await asyncio.wait(either, timeout=max(0.0, left_s), return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
            if session.lost.done():
                raise LinkBroken(f"{self.name}: {session.lost.result()}")
            if not (self._wanted.is_set() and self._inbox.has_work and session.is_in_step):
                return
            self._wanted.clear()

    async def _drop(self, why: str) -> None:
        session, self._session = self._session, None
        self._tell(up=False, why=why)
        if session is not None:
            await session.close()

    def _tell(self, *, up: bool, why: str) -> None:
        if (up, why) == (self.is_up, self.why_down):
            return
        self.is_up, self.why_down = up, why
        self._events.changed(self)

    def _heard(self, news: News) -> None:
        match news:
            case Stored():
                self._inbox.announced(news)
            case Shown(digits):
                self._inbox.shown(digits, acknowledges=self._acknowledges)
            case LateReference(reference):
                self._events.answered_late(self, reference)
            case Registration():
                self._wanted.set()  # one of several networks, and a look may be half done: whether any is left is for the next one to say
