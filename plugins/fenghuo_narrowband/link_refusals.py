"""Messages that a far end does not take, on both sides: it says so before it acknowledges the transfer, and whoever sent it hears that.

A transfer that is acknowledged is at DEVICE: so the fault goes first, as a note, and the transfer is acknowledged when that has
arrived. Source: docs/compact-frame.md §4, docs/narrow-link.md §5.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fenghuo import ChannelContext, FrameError, Inbound, InboundKind, Permanent, Scope
from fenghuo.formats.compact import Fault, ReceiptNote
from fenghuo.link import Delivered, Ending, Finished
from fenghuo.link.faults import failure_of, fault_body, name_in, plain_body, reason_of
from fenghuo_narrowband.link_cargo import Cargo, Passenger
from fenghuo_narrowband.link_post import NOTE, LinkPost
from fenghuo_narrowband.link_reading import ADDRESS_KIND, Heard, inbound_of, told_of
from fenghuo_narrowband.link_words import Words

__all__ = ["Refusals"]


class Refusals:
    """Of one post. `set_out`: sends a passenger on its way; it waits for it no longer than it did."""

    def __init__(self, ctx: ChannelContext, cargo: Cargo, post: LinkPost, *, set_out: Callable[[Passenger], None]) -> None:
        self._ctx = ctx
        self._cargo = cargo
        self._post = post
        self._set_out = set_out
        self._words = Words(ctx.notes, ctx.clock.time)
        self._answered: dict[str, Delivered] = {}  # what is not taken, by the note that says so

    async def recall(self) -> None:
        """What is known of the far ends from before the start. Raises: StoreError."""
        await self._words.recall()

    # What came in and is not taken here.

    async def answer(self, event: Delivered, call: str, why: str) -> None:
        """Say so; until its sender has heard it, the transfer is not acknowledged. The answer is on the disk when this returns.
        Raises: NotReady, FrameError, KeyUnusable."""
        ref = f"{NOTE}fault/{call}/{event.destination}/{event.transfer}/{why}"
        self._answered[ref] = event
        await self._post.reply(event.source, fault_body(event.body, why, event.traffic), event.traffic, ref)

    def told(self, event: Finished) -> None:
        """A note of ours has come to an end."""
        if event.ref in self._answered and event.ending is not Ending.SILENT:
            self._post.station.taken(self._answered.pop(event.ref))
            self._post.wake()

    # What we sent and is not taken there.

    def made_readable(self, passenger: Passenger, call: str) -> Passenger:
        """As the post can read it."""
        if self._words.is_lacking(call):
            _make_plain(passenger)
        return passenger

    def heard(self, event: Delivered, note: ReceiptNote, heard: Heard) -> list[Inbound]:
        """Whoever waits for it hears so now: the transfer is not held yet."""
        waiting = self._cargo.waiting(event.source, name_in(note))
        if note.fault is Fault.UNKNOWN_DICTIONARY:
            return self._lacking(waiting, heard)
        for passenger in waiting:
            passenger.end(failure_of(note))
            self._leave(passenger)
        alarm = told_of(
            heard.call, InboundKind.TURNED_DOWN, f"{heard.call} does not take message {note.number}: {reason_of(note)}", event.body
        )
        return [msgspec.structs.replace(alarm, ack=heard.ack)] if waiting else [alarm, *inbound_of(event, heard)]

    def _lacking(self, waiting: list[Passenger], heard: Heard) -> list[Inbound]:
        """It cannot read the dictionary that we write with: the same goes to it without one, and so does what follows."""
        self._words.heard(heard.call)
        self._ctx.log.warning("a post lacks the dictionary: it is of an older release", address=heard.call)
        for passenger in waiting:
            if not passenger.is_plain:  # what a copy of the fault says of the first transfer is no word on the second
                self._leave(passenger)
                _make_plain(passenger)
                self._set_out(passenger)

        async def ack() -> None:
            await self._words.keep(heard.call)
            await heard.ack()

        return [Inbound(InboundKind.HEARD, b"", ack, address_kind=ADDRESS_KIND, address=heard.call)]

    def _leave(self, passenger: Passenger) -> None:
        """What nobody waits for any more goes no further."""
        for ref in self._cargo.leave(passenger):
            self._post.cancel(ref)


def _make_plain(passenger: Passenger) -> None:
    try:
        passenger.body, passenger.is_plain = plain_body(passenger.body), True
    except FrameError as fault:
        passenger.end(Permanent(Scope.MESSAGE, fault.code or "too-long"))
