"""Checks of what a core asks of a channel beside sending: what became of it, to take it back, to carry a receipt. Silver."""

from __future__ import annotations

from fenghuo.errors import LinkError
from fenghuo.model.delivery import AttemptRef, Permanent, Reached, Token, Transient
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.conformance import Ability, ConformancePeer, Word
from fenghuo.plugin.ports import CancelResult, Capabilities, Doubt, InboundKind, Unsupported
from fenghuo.rig.kit.bench import Bench, Broken
from fenghuo.rig.kit.check import Check, over_a_line
from fenghuo.rig.kit.grades import Grade
from fenghuo.rig.kit.line import State
from fenghuo.rig.kit.watch import Boundary

__all__ = ["CHECKS"]

TEXT = "请报告堤防险情"
QUIET_S = 1.0
REACH_S = 10.0
ASKED_S = 3.0
"""How long after a restart nobody reports: whoever was asked and denied it has been sent a copy by then."""
STRANGER = Token("kit-never-sent")


async def knows(bench: Bench) -> None:
    await bench.up()
    channel = bench.life.made[-1]
    await bench.ended(await bench.order(TEXT))
    attempt = _attempt(bench, 0)
    answer = await channel.query(attempt)
    if not isinstance(answer, Reached):
        raise Broken(f"the far end has it, and the channel answers {answer!r} when it is asked")
    answer = await channel.query(AttemptRef(STRANGER, 1, bench.address(1)))
    if isinstance(answer, Reached):
        raise Broken(f"the far end never had it, and the channel answers {answer!r} when it is asked")
    await bench.line.set(State.REFUSED)
    try:
        blind = await channel.query(attempt)
    except LinkError as down:
        bench.note(f"asked with the line down: {down!r}")
    else:
        if isinstance(blind, Transient | Permanent):
            raise Broken(f"nobody could be asked, and the channel answers {blind!r}, as if it knew that nothing was sent")
    await bench.line.set(State.OPEN)


async def is_asked(bench: Bench) -> None:
    """Dead between the emission and its outcome: the next life asks, and what the far end has is not sent again."""
    await bench.up()
    bench.is_reporting = False  # so that the core has to ask
    bench.life.watch.stop_at = Boundary.BEFORE_RESULT
    order = await bench.order(TEXT)
    await bench.until(bench.life.watch.reached.is_set, "send() is about to return", within_s=REACH_S)
    await bench.kill()
    await bench.live()
    await bench.pause(ASKED_S)
    bench.is_reporting = True
    for arrival in bench.fragments():
        await bench.say_report(arrival)
    await bench.ended(order)
    await bench.pause(QUIET_S)
    if len(bench.emissions()) != 1:
        raise Broken(f"the far end had it and could be asked, and {len(bench.emissions())} emissions came")


async def takes_back(bench: Bench) -> None:
    await bench.up()
    channel, watch = bench.life.made[-1], bench.life.watch
    await bench.peer.be_holding(on=True)
    try:
        await bench.order(TEXT, to=0)
        await bench.until(lambda: bool(watch.sent), "the far end takes it")
        answer = await channel.cancel(_attempt(bench, 0))
    finally:
        await bench.peer.be_holding(on=False)
    await bench.pause(QUIET_S)
    if answer is not CancelResult.CANCELLED or bench.fragments(0):
        raise Broken(f"it had not left when it was taken back; the channel answers {answer!r}, and {len(bench.fragments(0))} arrived")
    await bench.ended(await bench.order(TEXT, to=1))
    answer = await channel.cancel(_attempt(bench, 1))
    if answer is not CancelResult.TOO_LATE:
        raise Broken(f"it had arrived when it was to be taken back; the channel answers {answer!r}")


async def acknowledges(bench: Bench) -> None:
    await bench.up()
    await bench.ended(await bench.order(TEXT))
    await bench.peer.say(Word.MESSAGE, bench.fragments()[-1])
    life = bench.life
    await bench.until(lambda: any(one.kind is InboundKind.MESSAGE for one in life.inbound), "a message comes in")
    message = next(one for one in life.inbound if one.kind is InboundKind.MESSAGE)
    said = await life.spawn(life.made[-1].acknowledge(message.ref, Evidence.HUMAN, text="", traffic=Traffic.ACTUAL))
    if isinstance(said, Unsupported):
        raise Broken("messages come in with a ref, and acknowledge() is not supported")
    await bench.kill()
    await bench.live()
    await bench.until(lambda: bool(bench.peer.receipts), "a person's receipt reaches whoever sent the message")


def _attempt(bench: Bench, to: int) -> AttemptRef:
    """The last attempt at a recipient, as the core names it."""
    address, token, n = next(one for one in reversed(bench.life.watch.licences) if one[0] == bench.address(to))
    sent = next((one.outcome for one in reversed(bench.life.watch.sent) if one.address == address), None)
    return AttemptRef(token, n, address, sent.refs if isinstance(sent, Reached) else ())


def _asked(capabilities: Capabilities, peer: ConformancePeer) -> str:
    can_ask = capabilities.doubt in (Doubt.QUERYABLE, Doubt.ACTUATOR)
    return over_a_line(capabilities, peer) or ("" if can_ask else f"its doubt is {capabilities.doubt}: nobody can be asked")


def _takes_back(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return "" if capabilities.cancellable else "nothing can be taken back over this channel"


def _brings_messages(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return "" if capabilities.inbound and Ability.MESSAGE in peer.abilities else "this far end sends no messages of its own"


CHECKS = (
    Check("what became of it is asked, and never guessed", Grade.SILVER, knows, _asked),
    Check("a far end that can be asked is asked and not sent a copy", Grade.SILVER, is_asked, _asked),
    Check(
        "what is taken back never arrives, and what has left is too late", Grade.SILVER, takes_back, _takes_back, frozenset({Ability.HOLD})
    ),
    Check("a person's receipt goes back to whoever sent the message, whatever dies", Grade.SILVER, acknowledges, _brings_messages),
)
