"""What decoding says of some bytes: content, verdicts, repairs, or the reason why nothing was taken."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from datetime import datetime

import msgspec

from fenghuo.errors import FormatError
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Content

__all__ = ["ACCEPTED", "REFUSED", "REPAIRED", "Decoded", "Problem", "SourceDefaults", "accepted", "faulty", "refused"]

ACCEPTED = "accepted"
REPAIRED = "accepted-with-repairs"
REFUSED = "refused"


class Problem(msgspec.Struct, frozen=True):
    """Why nothing was taken: a code for scripts, a sentence for people, and the place (a path, a field or a line)."""

    code: str
    message: str
    where: str = ""


class Decoded(msgspec.Struct, frozen=True):
    """The end of decoding one message. `outcome`: accepted, accepted-with-repairs or refused; it speaks of the form only.

    `content` is None exactly when the outcome is refused, and then `error` says why. `number`: the short number that the sender gave
    it, 0 for none; `named`: what a refused one calls itself, where that can be read. `trace`: where a decoder of ours failed, for the
    log. Source: wire-formats.md §1.1.
    """

    outcome: str
    content: Content | None
    verdicts: tuple[Verdict, ...] = ()
    repairs: tuple[str, ...] = ()
    error: Problem | None = None
    number: int = 0
    trace: tuple[str, ...] = ()
    named: str = ""


class SourceDefaults(msgspec.Struct, frozen=True):
    """How the bytes of one source are to be read where the format leaves it open.

    `geocode_systems`: CAP valueName → our code system (`mca`, `nbs`); the key "" is for codes without a valueName.
    `chinese`: a time without zone is +08:00, and undecodable bytes are tried as GB18030; None: as it says of its language.
    `received`: the instant of receipt, which stands in for `sent` where our own JSON leaves it out. `certificates` (PEM): whose
    signatures count for this source; `allow_sha1`: whether RSA with SHA-1 does.
    """

    geocode_systems: Mapping[str, str] = {}
    chinese: bool | None = None
    received: datetime | None = None
    certificates: tuple[bytes, ...] = ()
    allow_sha1: bool = False


def accepted(content: Content, verdicts: tuple[Verdict, ...] = (), repairs: tuple[str, ...] = ()) -> Decoded:
    """Taken; whether with repairs follows from there being any."""
    return Decoded(REPAIRED if repairs else ACCEPTED, content, verdicts, repairs)


def refused(error: FormatError, verdicts: tuple[Verdict, ...] = (), repairs: tuple[str, ...] = ()) -> Decoded:
    """Not taken, with the reason that `error` carries."""
    return Decoded(REFUSED, None, verdicts, repairs, Problem(error.code, str(error), error.where))


def faulty(fault: Exception, verdicts: tuple[Verdict, ...] = (), repairs: tuple[str, ...] = ()) -> Decoded:
    """Not taken, because a decoder of ours failed at it: a refusal like any other, so that its octets are kept and a person told."""
    sentence = f"these octets could not be read by a fault of ours ({type(fault).__name__}); they are kept, and the log has the trace"
    error = FormatError(sentence, code="decoder-fault")
    return msgspec.structs.replace(refused(error, verdicts, repairs), trace=tuple(traceback.format_exception(fault)))
