"""One table: what each error is called by scripts, on HTTP, and as an exit code. Doors read it; nobody writes a second one."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from fenghuo.errors import (
    AuthFailed,
    CannotCreate,
    ConfigError,
    Denied,
    FenghuoError,
    FormatError,
    KeyConflict,
    LinkError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotReady,
    Outdated,
    Overloaded,
    SettingsError,
    StaleEpoch,
    StoreFull,
    StoreInUse,
)
from fenghuo.model.delivery import Refused, Verdict

__all__ = ["CODES", "Code", "Exit", "Problem", "exit_for", "problem", "refusal"]


class Exit(IntEnum):
    """What the `fenghuo` command returns. Source: sysexits.h for 64 and above; console.md §10."""

    OK = 0
    NEGATIVE = 1
    USAGE = 2
    BAD_DATA = 65
    UNREACHABLE = 69
    BUG = 70
    CANNOT_CREATE = 73
    NOT_NOW = 75
    NOT_PERMITTED = 77
    SETTINGS = 78


class Code(msgspec.Struct, frozen=True):
    """A stable word for scripts with its HTTP status and exit code."""

    word: str
    status: int
    exit: Exit


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as it crosses the control socket. `code` is stable; `message` is a sentence; `where` a path, line or offset.

    `reason` is the finer word of a refusal (`doctype`, `expired`), `refusal` the number under which the raw bytes are kept.
    """

    code: str
    message: str
    where: str = ""
    retry_after_s: float | None = None
    reason: str = ""
    refusal: int | None = None
    verdicts: tuple[Verdict, ...] = ()
    repairs: tuple[str, ...] = ()


CODES = {
    code.word: code
    for code in (
        Code("bad-request", 400, Exit.USAGE),
        Code("unauthenticated", 401, Exit.NOT_PERMITTED),
        Code("forbidden", 403, Exit.NOT_PERMITTED),
        Code("not-found", 404, Exit.NEGATIVE),
        Code("conflict", 409, Exit.BAD_DATA),
        Code("stale-cursor", 410, Exit.BAD_DATA),
        Code("too-large", 413, Exit.BAD_DATA),
        Code("unknown", 409, Exit.BAD_DATA),
        Code("refused", 422, Exit.BAD_DATA),
        Code("settings", 422, Exit.SETTINGS),
        Code("overloaded", 429, Exit.NOT_NOW),
        Code("internal", 500, Exit.BUG),
        Code("cannot-create", 500, Exit.CANNOT_CREATE),
        Code("unavailable", 503, Exit.NOT_NOW),
        Code("full", 507, Exit.NOT_NOW),
        Code("unreachable", 503, Exit.UNREACHABLE),
    )
}
"""Every word that may stand in `err.code`."""

# The first row that fits wins, so a leaf stands before its parent. The last row is "a bug of ours".
ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (NotAuthenticated, "unauthenticated"),
    (Denied, "forbidden"),
    (NotAllowed, "forbidden"),
    (NotFound, "not-found"),
    (KeyConflict, "conflict"),
    (Outdated, "conflict"),
    (FormatError, "refused"),
    (Overloaded, "overloaded"),
    (NotReady, "unavailable"),
    (StaleEpoch, "unavailable"),
    (StoreFull, "full"),
    (StoreInUse, "unavailable"),
    (CannotCreate, "cannot-create"),
    (LinkError, "unavailable"),
    (SettingsError, "settings"),
    (ConfigError, "settings"),
    (AuthFailed, "settings"),
    (FenghuoError, "internal"),
    (msgspec.ValidationError, "bad-request"),
)


def problem(error: Exception) -> Problem:
    """An error as scripts see it; what is not ours is `internal`, without its text, which may hold anything."""
    word = next((word for kind, word in ERRORS if isinstance(error, kind)), None)
    if word is None:
        return Problem("internal", "the daemon failed at this request; its log has the trace")
    return Problem(
        _word(error, word),
        str(error),
        where=getattr(error, "where", ""),
        retry_after_s=getattr(error, "retry_after_s", None),
        reason=getattr(error, "code", ""),
    )


def refusal(refused: Refused) -> Problem:
    """A refusal at intake as the same kind of problem as everything else."""
    return Problem(
        "too-large" if refused.code == "too-large" else "refused",
        refused.message,
        where=refused.where,
        reason=refused.code,
        refusal=refused.id,
        verdicts=refused.verdicts,
        repairs=refused.repairs,
    )


def exit_for(word: str) -> Exit:
    """The exit code of a stable word; a word from a newer daemon counts as "negative answer"."""
    return CODES[word].exit if word in CODES else Exit.NEGATIVE


def _word(error: Exception, word: str) -> str:
    return "too-large" if word == "refused" and getattr(error, "code", "") == "too-large" else word
