"""What goes to and comes from a Fenghuo endpoint over the satellite: compact frames, sealed as on the narrow link, as characters.

One message is one sealed frame, so that one tag covers all of it. The core takes a message before the replay window moves on the disk: a
crash between the two brings it a second time, and it is known there as a copy; the other way round it would be lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from fenghuo import COMPACT, ChannelContext, Evidence, FrameError, Inbound, InboundKind, KeyUnusable, Outcome, Scope, Traffic, Transient
from fenghuo.formats import compact
from fenghuo.link import Changes, Disk, FrameKind, Kept, Lane, Window
from fenghuo.link.counters import Counters
from fenghuo.link.faults import WRONG_TRAFFIC, fault_body, is_message, reason_of
from fenghuo.link.frame import Head
from fenghuo.link.naming import is_carried, kind_for, name_of, receipt_ref
from fenghuo.link.seal import Cause, Opened, Opener, Plain, Refusal, Sealer
from fenghuo_adapters.short_message_octets_framing import from_characters, to_characters
from fenghuo_tiantong.keys import ring_of
from fenghuo_tiantong.returns import LIFE_S, Return
from fenghuo_tiantong.settings import TiantongSettings

__all__ = ["SealedPosts"]

KIND = "satphone"
_KEY_RETRY_S = 60.0
# Not under any key of ours, so as likely a person's text that begins as ours do.
_NO_FRAME_OF_OURS = (Cause.MALFORMED, Cause.FOREIGN)
# Under a key of ours, and perhaps never read by anybody: nothing here says it again by itself, so a person is told.
_PERHAPS_LOST = (Cause.OLD, Cause.EXPIRED, Cause.FAR, Cause.STALE)


class _Frame(NamedTuple):
    """A genuine frame of a post. `is_command`: in time beyond doubt, so that a device may start by it."""

    lane: Lane
    head: Head
    body: bytes
    is_command: bool = False


class SealedPosts:
    """The endpoints of one terminal. `begin()` before anything else; `send_back` keeps what goes to a post, under a name; all times are
    UTC seconds."""

    def __init__(self, ctx: ChannelContext, send_back: Callable[[str, Return], Awaitable[None]]) -> None:
        settings: TiantongSettings = ctx.settings
        self._ctx = ctx
        self._send_back = send_back
        self._disk: Disk = ctx.link
        self._ring = ring_of(settings, ctx.secret)
        self._numbers = settings.numbers_of()
        self._heads, self._commanded = settings.heads(), settings.commanded()
        self._codes = {number: code for code, number in self._numbers.items()}
        self._counters = Counters(lane for lane in self._ring.lanes() if lane.source == self._ring.own)
        self._sealer = Sealer(self._ring, self._counters)
        self._opener = Opener(self._ring)
        self._on_disk: dict[str, Window] = {}

    def __contains__(self, number: str) -> bool:
        return number in self._codes

    async def begin(self) -> None:
        """What the keys had said and heard before. Raises: StoreError."""
        memory = await self._disk.recall(self._ring)
        self._opener = Opener(self._ring, memory.windows, is_clock_trusted=self._ctx.clock.quality() != "freerun")
        self._on_disk = {kept.lane: kept.window for kept in memory.windows}

    # Out.

    async def not_ready(self, number: str) -> Outcome | None:
        """Why nothing can be sealed for this post now, before anything is begun. Raises: StoreError."""
        wanted = self._counters.wanted()
        for grant in await self._disk.reserve(wanted) if wanted else ():
            self._counters.grant(grant)
        try:
            self._sealer.next(self._codes[number], FrameKind.COMMAND if number in self._commanded else FrameKind.ALERT)
        except KeyUnusable as fault:
            self._ctx.log.error("key cannot be used", cause=str(fault))
            return Transient(Scope.RECIPIENT, "key-unusable", _KEY_RETRY_S)
        return None

    def words_for(self, number: str, body: bytes, traffic: Traffic, validity_s: float) -> str:
        """A compact frame as the characters of a short message. Raises: FrameError: it is none; KeyUnusable."""
        now = self._ctx.clock.time()
        plain = Plain(kind_for(body, is_commanded=number in self._commanded), traffic, body, now + validity_s)
        return to_characters(self._sealer.seal(self._codes[number], plain, now))

    # In.

    def judged(self, inbound: Inbound) -> list[Inbound]:
        """What an answer by SMS is: a frame of a post as what it holds, a person's text as it is. What comes from a post's number without
        a seal, or with one that is worn, is kept and proves nothing."""
        if inbound.kind is not InboundKind.ANSWER:
            return [inbound]
        result = self._opened(inbound.text)
        if isinstance(result, Opened):
            return self._read(_Frame(result.lane, result.head, result.payload, result.head.kind is FrameKind.COMMAND), inbound)
        if result is not None and result.cause is Cause.UNTIMED and result.lane is not None and result.head is not None:
            return self._read(
                _Frame(result.lane, result.head, result.payload), inbound
            )  # nobody can be asked here: text, which starts nothing
        if result is not None and result.cause not in _NO_FRAME_OF_OURS:
            return [self._refused(result, inbound)]
        if inbound.address not in self:
            return [inbound]
        self._ctx.log.warning("a post's number wrote without a seal", cause="it is kept, and counts for nothing")
        return [_kept(inbound, inbound.ack)]

    def _opened(self, text: str) -> Opened | Refusal | None:
        try:
            octets = from_characters(text)
        except ValueError:
            return None
        return self._opener.open(octets, self._ctx.clock.time())

    def _refused(self, refusal: Refusal, inbound: Inbound) -> Inbound:
        lane, head, ack = refusal.lane, refusal.head, inbound.ack
        if refusal.is_counted and lane is not None and head is not None:
            ack = self._acknowledging(inbound, lane, head.counter)
        source = self._numbers.get(head.source, "") if head is not None else ""
        if refusal.cause in _PERHAPS_LOST:
            text = f"a sealed message of {source} was not taken: {refusal.cause.value}; ask what it was"
            return Inbound(InboundKind.REFUSED, inbound.raw, ack, address_kind=KIND, address=source, text=text)
        say = self._ctx.log.error if refusal.hostile else self._ctx.log.warning
        say("frame not taken", cause=refusal.cause.value, source=source)
        return _kept(inbound, ack)

    def _read(self, sealed: _Frame, inbound: Inbound) -> list[Inbound]:
        number, body = self._numbers[sealed.lane.source], sealed.body
        ack = self._acknowledging(inbound, sealed.lane, sealed.head.counter)
        refuse = self._refusing(number, sealed, ack)
        name = ""
        try:
            frame = compact.Frame.from_octets(body)
            if not frame.kind.is_message:
                return _answers(compact.decode_answer(frame), number, body, ack)
            if frame.traffic is not sealed.head.traffic or not is_carried(body, sealed.head.kind):
                return [_of_another_kind(number, sealed, refuse)]
            name = name_of(body)
        except FrameError as fault:
            self._ctx.log.warning("frame says nothing", source=sealed.lane.source, cause=str(fault))
            if not is_message(body):
                return [_kept(inbound, ack)]
        told = Inbound(
            InboundKind.MESSAGE,
            body,
            ack,
            address_kind=KIND,
            address=number,
            ref=name and receipt_ref(number, name),
            media_type=COMPACT,
            proven=bool(name),
            is_above=number in self._heads,
            is_command=sealed.is_command,
            refuse=refuse,
        )
        return [told]

    def _refusing(self, number: str, sealed: _Frame, ack: Callable[[], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
        """That a message is not taken here goes back to its sender, and is on the disk before the message is off the terminal."""

        async def refuse(why: str) -> None:
            traffic = sealed.head.traffic
            item = Return(number, fault_body(sealed.body, why, traffic).hex(), traffic, self._ctx.clock.time() + LIFE_S)
            await self._send_back(f"fault/{sealed.lane.name}/{sealed.head.counter}", item)
            await ack()

        return refuse

    def _acknowledging(self, inbound: Inbound, lane: Lane, counter: int) -> Callable[[], Awaitable[None]]:
        async def ack() -> None:
            window = self._on_disk.get(lane.name, Window()).taken(counter)
            self._on_disk[lane.name] = window
            await self._disk.keep(Changes(windows=(Kept(lane.name, window, self._opener.kept(lane).stale),)))
            await inbound.ack()

        return ack


def _of_another_kind(number: str, sealed: _Frame, refuse: Callable[[str], Awaitable[None]]) -> Inbound:
    """An exercise that would pass for the real thing, a report for an order, or the other way round."""

    async def ack() -> None:
        await refuse(WRONG_TRAFFIC)

    text = f"{number} sent a message sealed as {sealed.head.kind.name} of {sealed.head.traffic}, and it says another in itself"
    return Inbound(InboundKind.REFUSED, sealed.body, ack, address_kind=KIND, address=number, text=text)


def _answers(note: compact.ReceiptNote | compact.Bitmap, number: str, raw: bytes, ack: Callable[[], Awaitable[None]]) -> list[Inbound]:
    """A person's receipt as what the person would have typed, for that is by the number alone; words behind 完成 are told apart. That a
    post does not take a message is told to a person; what no person said else is kept."""
    if isinstance(note, compact.ReceiptNote) and note.fault is not compact.Fault.NONE:
        text = f"{number} does not take message {note.number}: {reason_of(note)}"
        return [Inbound(InboundKind.TURNED_DOWN, raw, ack, address_kind=KIND, address=number, text=text)]
    if isinstance(note, compact.Bitmap) or note.level < Evidence.HUMAN:
        return [Inbound(InboundKind.RECEIPT, raw, ack, address_kind=KIND, address=number, proven=True)]
    said = [f"完成#{note.number:04d}"] if note.level is Evidence.DONE else []
    if note.text or not said:
        said.append(f"收到#{note.number:04d} {note.text}".rstrip())
    acks = [_nothing] * (len(said) - 1) + [ack]
    return [
        Inbound(InboundKind.ANSWER, raw, each, address_kind=KIND, address=number, text=text, proven=True)
        for text, each in zip(said, acks, strict=True)
    ]


def _kept(inbound: Inbound, ack: Callable[[], Awaitable[None]]) -> Inbound:
    return Inbound(InboundKind.RECEIPT, inbound.raw, ack, text=inbound.text)


async def _nothing() -> None:
    """The other half of the same receipt is acknowledged for both."""
