"""The client half of the console protocol, frame by frame; that it ends with what is, whatever happens, is shown over the real server."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from fenghuo.client.console_machine import AfterClose, Machine, Row, after_close, retry_s

READY = {"t": "ready", "user": "duty", "role": "operator", "rights": ["operator"], "caps": ["message", "alarm"], "hb": 10.0}


class Bench:
    """A machine, and what it says to each frame."""

    def __init__(self) -> None:
        numbers = itertools.count(1)
        self.machine = Machine(token="t", topics=("message", "weather"), key=lambda: f"key-{next(numbers)}")
        self.machine.opened()

    def take(self, **frame: Any) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.machine.take(json.dumps(frame), now=90.0)]

    def live(self, seq: int = 5) -> None:
        """Through the handshake and a whole state."""
        self.take(**READY)
        self.take(t="snap", id=1, cur=_at(seq), part=0, last=True, data={"message/1": {"n": 1}})


def _at(seq: int) -> dict[str, Any]:
    return {"epoch": "e", "seq": seq}


def test_the_handshake_asks_for_what_there_is_of_what_is_wanted() -> None:
    """Of the topics wanted, those that the server has; the skew of the clocks is known from the first frame."""
    bench = Bench()
    (auth,) = bench.take(t="hello", proto="fenghuo.console.v1", min="fenghuo.console.v1", server="fenghuo", now=100.0)
    assert ("auth", "t", "fenghuo.console.v1", 10.0) == (auth["t"], auth["token"], auth["proto"], bench.machine.skew_s)
    assert [{"t": "sub", "id": 1, "topics": ["message"], "from": None}] == bench.take(**READY)
    assert [] == bench.take(t="something newer", x=1)


def test_half_a_state_is_never_shown() -> None:
    """Parts are held aside until the last; of a state that is replaced what is gone is told too."""
    bench = Bench()
    bench.live()
    bench.take(t="resync", id=1, reason="slow")
    bench.take(t="snap", id=2, cur=_at(9), part=0, last=False, data={"message/2": {"n": 2}})
    assert ({"message/1": Row({"n": 1}, 5)}, False) == (bench.machine.state, bench.machine.is_live)
    bench.machine.changed = {}
    bench.take(t="snap", id=2, cur=_at(9), part=1, last=True, data={"message/3": {"n": 3}})
    assert ({"message/2", "message/3"}, True) == (set(bench.machine.state), bench.machine.is_live)
    assert {"message/1": None, "message/2": Row({"n": 2}, 9), "message/3": Row({"n": 3}, 9)} == bench.machine.changed


@pytest.mark.parametrize(
    "frame",
    [
        {"t": "delta", "epoch": "e", "prev": 6, "seq": 7, "ops": []},
        {"t": "delta", "epoch": "other", "prev": 5, "seq": 7, "ops": []},
        {"t": "ping", "now": 100.0, "head": 6},
        {"t": "resync", "id": 1, "reason": "perm"},
    ],
)
def test_whoever_missed_something_starts_over_without_a_cursor(frame: dict[str, Any]) -> None:
    """What comes of the old subscription counts no more, until the answer to the new one."""
    bench = Bench()
    bench.live()
    said = bench.take(**frame)
    assert {"t": "sub", "id": 2, "topics": ["message"], "from": None} == said[-1]
    assert [] == bench.take(t="delta", epoch="e", prev=5, seq=6, ops=[{"p": "message/1", "op": "del"}])
    assert {"message/1": Row({"n": 1}, 5)} == bench.machine.state


def test_deltas_are_applied_and_resumed_from() -> None:
    """The rev of a row is the event that changed it last; after a lost line it goes on where it stood."""
    bench = Bench()
    bench.live()
    ops = [{"p": "message/1", "op": "set", "v": {"n": 2}, "rev": 6}, {"p": "message/9", "op": "del", "rev": 7}]
    bench.take(t="delta", epoch="e", prev=5, seq=7, ops=ops)
    assert {"message/1": Row({"n": 2}, 6)} == bench.machine.state
    assert [{"t": "pong", "seq": 7}] == bench.take(t="ping", now=100.0, head=7)
    bench.machine.broken()
    assert [{"t": "sub", "id": 2, "topics": ["message"], "from": _at(7)}] == bench.take(**READY)
    bench.take(t="resumed", id=2, cur=_at(7))
    assert (True, 0) == (bench.machine.is_live, bench.machine.missed)


def test_a_command_is_unknown_until_its_answer_and_keeps_its_key() -> None:
    """Sent again with the next line and after a resync, which may have swallowed the answer; answered once."""
    bench = Bench()
    bench.live()
    number, text = bench.machine.command("alert.sign", {"id": "01J"}, if_rev=7)
    asked = {"t": "cmd", "id": number, "do": "alert.sign", "key": "key-1", "if_rev": 7, "args": {"id": "01J"}}
    assert asked == json.loads(text)
    assert asked == bench.take(t="resync", id=1, reason="slow")[-1]
    bench.machine.broken()
    assert asked == bench.take(**READY)[-1]
    bench.take(t="res", id=number, ok=True, data={"signed": 2})
    bench.take(t="res", id=number, ok=True, data={"signed": 2})
    assert ([number], {}) == (list(bench.machine.answers), dict(bench.machine.pending))


def test_other_rights_do_not_subscribe_twice() -> None:
    """A second ready says what one may now; the resync that comes with it asks for the state."""
    bench = Bench()
    bench.live()
    assert [] == bench.take(**{**READY, "rights": ["viewer"]})
    assert ["sub"] == [frame["t"] for frame in bench.take(t="resync", id=1, reason="perm")]


def test_each_close_says_what_to_do() -> None:
    """And a line that breaks without a word is tried again, for ever, from half a second to ten."""
    said = {code: after_close(code) for code in (4400, 4401, 4403, 4408, 4409, 4429, 4503, 1006, None)}
    assert {4401: AfterClose.LOG_IN, 4403: AfterClose.STOP, 4409: AfterClose.STOP}.items() <= said.items()
    assert {4400: AfterClose.BACK_OFF, 4429: AfterClose.BACK_OFF}.items() <= said.items()
    assert {AfterClose.RETRY} == {said[code] for code in (4408, 4503, 1006, None)}
    assert 0.25 == retry_s(0, lambda: 0.0)
    assert [0.5, 1.0, 10.0, 10.0] == [retry_s(tries, lambda: 1.0) for tries in (0, 1, 5, 10_000)]
