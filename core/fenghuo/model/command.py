"""A command as a console or a program gives it, and what it is answered: the same at every door. Source: console.md §6, Commands."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Answer", "Command", "Failure"]


class Command(msgspec.Struct, frozen=True):
    """`do`: a verb of the desk; `key`: made once for each press, so that it may be sent again, "" for a verb that only reads; `if_rev`: the
    rev of the row as it was drawn, None where none was."""

    do: str
    key: str = ""
    if_rev: int | None = None
    args: dict[str, Any] = {}


class Failure(msgspec.Struct, frozen=True):
    """Why a command was not carried out. `code`: of a stable list (docs/reference/exit-codes.md); `msg`: a sentence for a log; `args`: what
    a catalogue needs to say it in a person's language."""

    code: str
    msg: str
    args: dict[str, Any] = {}


class Answer(msgspec.Struct, frozen=True):
    """What became of a command. Ok means: on the disk. `data`: what the verb answered, as JSON."""

    ok: bool
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    err: Failure | msgspec.UnsetType = msgspec.UNSET
