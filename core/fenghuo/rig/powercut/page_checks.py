"""What the contract says of pages of a public: each yields a sentence for whatever does not hold. By address, not by page alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from fenghuo.engine.marks import EVIDENCE
from fenghuo.model.delivery import OPEN_STATES
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.plugin.values import Doubt
from fenghuo.rig.powercut.bearer import key_of, ref_of
from fenghuo.rig.powercut.ground import BEARERS
from fenghuo.rig.powercut.ledger import Ledger
from fenghuo.rig.powercut.world import Sheet, World
from fenghuo.store.records import FanOutRow, PageRow

__all__ = ["ends", "few_copies", "honest", "intents", "known", "permitted"]

OPAQUE = frozenset(name for name, bearing in BEARERS.items() if bearing.capabilities.doubt == Doubt.OPAQUE)
AGAIN = "重发"
"""What a copy says where a person reads it."""
TIME_TO_TELL_S = 120.0
"""How long before its end a fan-out must have begun, or begun anew, for everybody to be told: more than every wait of a page."""


def known(ledger: Ledger, world: World) -> Iterator[str]:
    """A receipt for somebody on a page that was acked counts, once its emission has its name on the disk."""
    attempts = {row.token: row for row in ledger.page_attempts} | {row.ref: row for row in ledger.page_attempts if row.ref}
    for name, took in world.took.items():
        attempt = attempts.get(took.token or took.ref)
        if attempt is None or took.level is None:
            continue
        marks = ledger.marked(ledger.page[attempt.objective, attempt.number])
        for address in took.addresses:
            if marks[address] & EVIDENCE < took.level:
                yield f"{name} was acked for {address}, and the page has {Evidence(marks[address] & EVIDENCE).name}"


def honest(ledger: Ledger, world: World) -> Iterator[str]:
    """Nobody on a page is said to have more than left for him, and than was heard of him."""
    left = {(sheet.token, address) for sheet in world.sheets for address in sheet.addresses}
    token_of = {ref_of(sheet): sheet.token for sheet in world.sheets}
    heard = {(took.token or token_of.get(took.ref, ""), address) for took in world.took.values() for address in took.addresses}
    for page in ledger.pages:
        for address, mark in ledger.marked(page).items():
            level = Evidence(mark & EVIDENCE)
            if level >= Evidence.ACCEPTED and (page.token, address) not in left:
                yield f"{address} on {_named(page)} has {level.name}, and nothing left"
            if level >= Evidence.DEVICE and (page.token, address) not in heard:
                yield f"{address} on {_named(page)} has {level.name}, and nobody said so"


def intents(ledger: Ledger, world: World) -> Iterator[str]:
    """No page leaves without its attempt."""
    yield from (f"{_said(sheet)} left without an attempt" for sheet in world.sheets if (sheet.token, sheet.n) not in ledger.page_attempt)


def few_copies(ledger: Ledger, world: World) -> Iterator[str]:
    """Nobody on a page gets it more often than crashes and doubts allow; where the far end cannot tell a copy, it says that it is one."""
    copies: dict[tuple[str, str], list[Sheet]] = defaultdict(list)
    for sheet in world.sheets:
        for address in sheet.addresses:
            copies[(key_of(sheet.text), address)].append(sheet)
    for (key, address), sheets in copies.items():
        doubts = sum(ledger.page_doubts[f"{row.objective}/{row.number}"] for row in ledger.pages if row.token == sheets[0].token)
        if len(sheets) - 1 > min(world.crashes, doubts):
            yield f"{key} left {len(sheets)} times for {address}, with {world.crashes} crashes and {doubts} doubts"
        unmarked = [sheet for sheet in sheets[1:] if sheet.channel in OPAQUE and AGAIN not in sheet.text]
        if unmarked:
            yield f"{_said(unmarked[0])} was begun again for {address}, and does not say so"


def permitted(ledger: Ledger, world: World) -> Iterator[str]:
    """Nothing after the end, of a revision that had ended, under an epoch that is over, or over a channel that may not."""
    fan_outs = {row.objective: row for row in ledger.fan_outs}
    for sheet in world.sheets:
        attempt = ledger.page_attempt.get((sheet.token, sheet.n))
        fan_out = fan_outs.get(attempt.objective) if attempt else None
        message = ledger.message.get((fan_out.message, fan_out.revision)) if fan_out else None
        if attempt is None or message is None:
            continue
        if max(sheet.at, attempt.at) >= message.expires_at:
            yield f"{_said(sheet)} left {sheet.at - message.expires_at:.0f} s after its end"
        began = ledger.pages_begun.get((sheet.token, sheet.n), 0)
        if ledger.revisions_ended.get((message.id, message.revision), began) < began:
            yield f"{_said(sheet)} left after its revision had ended"
        if message.traffic not in BEARERS[sheet.channel].traffic:
            yield f"{_said(sheet)} is {message.traffic} traffic"
        if attempt.epoch != sheet.epoch:
            yield f"{_said(sheet)} left in epoch {sheet.epoch} under epoch {attempt.epoch}"


def ends(ledger: Ledger, world: World) -> Iterator[str]:
    """Every page and every fan-out is at its end, and nobody was passed over while there was time to tell him."""
    yield from (f"{_named(row)} is still {row.state}" for row in ledger.pages if row.state in OPEN_STATES)
    yield from (f"fan-out {row.objective} is still open" for row in ledger.fan_outs if not row.done)
    told = {(sheet.token, address) for sheet in world.sheets for address in sheet.addresses}
    for row in ledger.fan_outs:
        if not row.source and _had_time(ledger, world, row):
            yield from (f"fan-out {row.objective} never told {address}" for address in _passed_over(ledger, row, told))


def _had_time(ledger: Ledger, world: World, row: FanOutRow) -> bool:
    """Whether its message was in force until it expired, and this life began long enough before."""
    message = ledger.message.get((row.message, row.revision))
    if message is None or message.state is not MessageState.EXPIRED:
        return False
    return (row.message, row.revision) in ledger.released and world.starts[-1].at + TIME_TO_TELL_S < message.expires_at


def _passed_over(ledger: Ledger, row: FanOutRow, told: set[tuple[str, str]]) -> Iterator[str]:
    """Those of a fan-out to whom nothing of it left, and whom nobody refused."""
    begun: dict[int, PageRow] = {page.roll_page: page for page in ledger.pages if page.objective == row.objective}
    for roll in ledger.roll.values():
        if (roll.roll, roll.area in row.areas, roll.kind in row.kinds) != (row.roll, True, True):
            continue
        page = begun.get(roll.id)
        marks = ledger.marked(page) if page else {}
        for address in roll.addresses.decode().split("\n"):
            if page is None or ((page.token, address) not in told and not marks[address]):
                yield address


def _named(page: PageRow) -> str:
    return f"page {page.objective}/{page.number}"


def _said(sheet: Sheet) -> str:
    return f"{sheet.text} over {sheet.channel} to {', '.join(sheet.addresses)} (attempt {sheet.n})"
