"""Which of the signatures that were given count at this moment: of people who may still sign, each of whom is a person of their own.

An administrator who resets the log-in of two releasers, or makes two, could be both of them. So no two signatures of one release count from
accounts that one administrator has changed within a day. Source: security.md §2 (三权分立) and §3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from fenghuo.store.records import MetaRow, ReleaseRow
from fenghuo.store.records_people import AccountState
from fenghuo.store.tables import ACCOUNT, META
from fenghuo.store.transaction import Tx

__all__ = ["SOURCE", "WITHIN_S", "counted", "in_one_hand", "is_set_up", "note_change", "people_of"]

WITHIN_S = 24 * 3600.0
"""How long somebody whose log-in or whose right to sign an administrator has changed counts beside nobody else of whom that is so."""
SOURCE = "source:"
"""How the name begins of a source that counts as one person."""
_ROW = "changed/"
_BESIDE = "token/"


class Change(msgspec.Struct, frozen=True):
    """Who changed it, "" for a token, behind which anybody may stand; when, UTC seconds."""

    by: str
    at: float


def note_change(tx: Tx, name: str) -> None:
    """Whoever this job is done for has reset the log-in of an account, or given it the right to sign."""
    change = Change(tx.by.actor if "/" in tx.by.door else "", tx.now)
    tx.put(META, MetaRow(_ROW + name, msgspec.json.encode([*_changes(tx, name), change]).decode()))


def is_set_up(tx: Tx) -> bool:
    """Whether the first day of the first account is over: until then one administrator makes everybody ready, since there is no other."""
    first = min((row.made_at for row in tx.find(ACCOUNT)), default=tx.now)
    return tx.now >= first + WITHIN_S


def counted(tx: Tx, rows: Iterable[ReleaseRow], delegates: Collection[str]) -> list[ReleaseRow]:
    """Of valid signatures those that count, the earlier before the later. `delegates`: who may sign by a mode in force."""
    kept: list[ReleaseRow] = []
    for row in sorted(rows, key=lambda one: (one.at, one.actor)):
        if _may_still(tx, row, delegates) and not in_one_hand(tx, row, kept):
            kept.append(row)
    return kept


def in_one_hand(tx: Tx, row: ReleaseRow, others: Iterable[ReleaseRow]) -> str:
    """Whose signature has been changed by the administrator who changed that of `row` too; "" where nobody's has."""
    mine = _hands(tx, row)
    return next((other.actor for other in others if other.actor != row.actor and _share(mine, _hands(tx, other))), "")


def people_of(rows: Sequence[ReleaseRow]) -> tuple[str, ...]:
    """Distinct people, by name."""
    return tuple(sorted({row.actor for row in rows}))


def _may_still(tx: Tx, row: ReleaseRow, delegates: Collection[str]) -> bool:
    """A token may sign for as long as it is held here; a person for as long as the account is active and has the right."""
    account = tx.get(ACCOUNT, row.actor) if _is_by_person(row) else None
    if account is None:
        return True
    return account.state is AccountState.ACTIVE and ("releaser" in account.rights or account.name in delegates)


def _hands(tx: Tx, row: ReleaseRow) -> frozenset[str]:
    return frozenset(change.by for change in _changes(tx, row.actor)) if _is_by_person(row) else frozenset()


def _share(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Behind a token may stand whoever changed the other one."""
    return bool(mine and theirs and (mine & theirs or "" in mine | theirs))


def _is_by_person(row: ReleaseRow) -> bool:
    return bool(row.session) and not row.session.startswith(_BESIDE)


def _changes(tx: Tx, name: str) -> list[Change]:
    """Those of the last day."""
    kept = tx.get(META, _ROW + name)
    changes = msgspec.json.decode(kept.value, type=list[Change]) if kept is not None else []
    return [change for change in changes if tx.now < change.at + WITHIN_S]
