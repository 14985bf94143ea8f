"""An error has one word on every door: HTTP and the control socket are compared error by error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fenghuo import errors
from fenghuo.model.delivery import Refused
from fenghuo.service import problems as socket_door
from fenghuo_adapters.http_problems import problem_of
from fenghuo_http.problems import problem_of_refusal

MADE: dict[type[errors.FenghuoError], errors.FenghuoError] = {
    errors.SettingsError: errors.SettingsError(("a.toml: x is missing",)),
    errors.RowDamaged: errors.RowDamaged("message", ("01J",)),
    errors.KeyUnusable: errors.KeyUnusable("lane", "spent"),
    errors.Outdated: errors.Outdated("alarm/7", by="wang", at=1.0, what="alarms.acked"),
    **{
        kind: kind("bad", code="json", where="$.to") for kind in (errors.FormatError, errors.XmlRefused, errors.CapError, errors.FrameError)
    },
}


def kinds(root: type[errors.FenghuoError] = errors.FenghuoError) -> Iterator[type[errors.FenghuoError]]:
    """Every error of the tree."""
    if root.__module__ == errors.__name__:
        yield root
    for child in root.__subclasses__():
        yield from kinds(child)


@pytest.mark.parametrize("kind", sorted(set(kinds()), key=str))
def test_both_doors_say_the_same_of_an_error(kind: type[errors.FenghuoError]) -> None:
    """Word, status, sentence, place and the time to come back."""
    error = MADE.get(kind) or kind("no")
    http, socket = problem_of(error), socket_door.problem(error)
    assert (socket.code, socket_door.CODES[socket.code].status) == (http.code, http.status.value)
    assert (socket.message, socket.where) == (http.detail, http.extras.get("where", ""))
    assert socket.retry_after_s in (None, http.retry_after_s)


def test_too_much_is_its_own_word_on_both() -> None:
    """A document past its limit."""
    error = errors.FormatError("long", code="too-large")
    assert ("too-large", "too-large", 413) == (socket_door.problem(error).code, problem_of(error).code, problem_of(error).status)


@pytest.mark.parametrize("code", ["doctype", "too-large"])
def test_both_doors_say_the_same_of_a_refusal(code: str) -> None:
    """Word, finer word, place and the number under which the bytes are kept."""
    refused = Refused(7, code, "no", "line 1")
    http, socket = problem_of_refusal(refused), socket_door.refusal(refused)
    assert (socket.code, socket.message) == (http.code, http.detail)
    assert {"reason": socket.reason, "where": socket.where, "refusal": socket.refusal, "verdicts": (), "repairs": ()} == http.extras
