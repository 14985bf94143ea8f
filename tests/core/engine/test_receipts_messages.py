"""Messages that come in over a channel: taken once, and tried again when they could not be taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from fenghuo.engine.orphans import Stored
from fenghuo.engine.raw_inbound import packed
from fenghuo.engine.receipts import UNREAD_S, Receipts
from fenghuo.errors import Overloaded
from fenghuo.model.rendition import COMPACT
from fenghuo.plugin.ports import Inbound, InboundKind
from fenghuo.store.records import InboxRow
from fenghuo.store.tables import INBOX, MESSAGE
from fenghuo.store.transaction import Tx
from tests.core.engine.house import House, opened


async def test_a_message_that_was_taken_is_not_offered_again(tmp_path: Path) -> None:
    """Its raw row says so, whatever became of it; a conflict is told once, not at each start."""
    async with opened(tmp_path) as house:
        for text in ("水位上涨", "水位下降"):
            raw = msgspec.json.encode({"to": ["huang"], "text": text})
            await house.hear("r", InboundKind.MESSAGE, raw=raw, ref="7", address="BJ1WANG", proven=True, is_above=True)
        assert (["taken"] * 2, 1) == (await _raw(house), len(await house.events("alarm.key_conflict")))
    async with opened(tmp_path, clock=house.clock) as again:
        assert (1, 1) == (len(await again.store.find(MESSAGE)), len(await again.events("alarm.key_conflict")))


async def test_a_message_that_could_not_be_taken_is_taken_at_the_next_start(tmp_path: Path) -> None:
    """The door was shut; hours later something else comes in, and then the restart: the message is no less ours."""
    async with opened(tmp_path) as house:
        house.room.intake.is_open = False
        raw = msgspec.json.encode({"to": ["huang"], "text": "水位上涨", "expires_s": 86_400})
        with pytest.raises(Overloaded):
            await house.hear("r", InboundKind.MESSAGE, raw=raw, address="BJ1WANG", proven=True, is_above=True)
        await house.later(2 * UNREAD_S)
        await house.answer("a", "+8613800000001")
    async with opened(tmp_path, clock=house.clock) as again:
        assert (1, ["taken", "unmatched"]) == (len(await again.store.find(MESSAGE)), await _raw(again))


async def test_a_message_that_a_decoder_fails_at_is_acked_refused_and_not_offered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its peer is told that we have it, a person sees the refusal, and no start reads it again."""
    acked: list[str] = []

    async def ack() -> None:
        acked.append("7")

    def failing(*_: object, **__: object) -> None:
        raise TypeError("a fault of ours")

    monkeypatch.setattr("fenghuo.formats.decode.read_message", failing)
    async with opened(tmp_path) as house:
        with capture_logs():
            await house.hear("r", InboundKind.MESSAGE, raw=b'{"to":["huang"]}', ref="7", address="BJ1WANG", ack=ack)
        assert (["7"], ["taken"]) == (acked, await _raw(house))
    async with opened(tmp_path, clock=house.clock) as again:
        assert ["decoder-fault"] == [event["code"] for event in await again.events("alarm.message_refused")]


async def test_what_a_channel_refuses_is_kept_acked_and_told(tmp_path: Path) -> None:
    """Nothing is done with it, at a restart neither; a person sees from where it came and why it was refused."""
    acked: list[str] = []

    async def ack() -> None:
        acked.append("7")

    async with opened(tmp_path) as house:
        await house.hear("r", InboundKind.REFUSED, raw=b'{"to":["huang"]}', address="van1", text="it is retained", ack=ack)
        assert (["7"], ["refused"]) == (acked, await _raw(house))
    async with opened(tmp_path, clock=house.clock) as again:
        told = await again.events("alarm.inbound_refused")
        assert [("r", "van1", "it is retained")] == [(one["channel"], one["address"], one["message"]) for one in told]
        assert [] == await again.store.find(MESSAGE)


@pytest.mark.parametrize(
    ("fields", "raw", "answer"),
    [
        ({}, b'{"to":["huang"],"text":"1"}', "ack"),
        ({}, b'{"to":', "not-json"),
        ({"media_type": COMPACT}, b"\x30", "truncated"),
        ({"ref": "7"}, b'{"to":["huang"],"text":"2"}', "key-conflict"),
        ({}, b'{"to":["huang"],"text":"3","sent":"1970-01-12T13:00:00Z","expires":"1970-01-12T13:46:39Z"}', "expired"),
    ],
    ids=["taken", "no JSON", "no frame", "conflict", "over"],
)
async def test_whoever_can_be_told_hears_what_became_of_its_message(
    tmp_path: Path, fields: dict[str, str], raw: bytes, answer: str
) -> None:
    """Acked when intake has taken it, and else told why not: nobody may think that we show what we refused."""
    said: list[str] = []

    async def ack() -> None:
        said.append("ack")

    async def refuse(code: str) -> None:
        said.append(code)

    async with opened(tmp_path) as house:
        first = b'{"to":["huang"],"text":"1"}'
        await house.hear("r", InboundKind.MESSAGE, raw=first, ref="7", address="BJ1WANG", proven=True, is_above=True)
        await house.hear("r", InboundKind.MESSAGE, raw=raw, address="BJ1WANG", proven=True, is_above=True, ack=ack, refuse=refuse, **fields)
        assert ([answer], ["taken"] * 2) == (said, await _raw(house))


async def test_a_message_that_the_door_cannot_take_now_is_neither_acked_nor_refused(tmp_path: Path) -> None:
    """Its peer offers it again, and our own next start works it out."""
    async with opened(tmp_path) as house:
        house.room.intake.is_open = False
        with pytest.raises(Overloaded):
            await house.hear("r", InboundKind.MESSAGE, raw=b'{"to":["huang"]}', address="BJ1WANG", ack=_never, refuse=_refused)
        assert ["new"] == await _raw(house)


@pytest.mark.parametrize(
    ("kind", "alarm"),
    [
        (InboundKind.TURNED_DOWN, "alarm.far_end_refused"),
        (InboundKind.HOSTILE, "alarm.link_hostile"),
        (InboundKind.CLOCK, "alarm.link_clock"),
    ],
    ids=str,
)
async def test_what_a_channel_says_of_its_far_end_is_told(tmp_path: Path, kind: InboundKind, alarm: str) -> None:
    """By an alarm of its own, once, with whose frames it is about."""
    async with opened(tmp_path) as house:
        await house.hear("r", kind, raw=b"", address="BJ1WANG", text="why")
        assert [("r", "BJ1WANG", "why")] == [(one["channel"], one["address"], one["message"]) for one in await house.events(alarm)]


async def test_something_heard_that_we_fail_at_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While we run: its octets stay, a person is told once, and what comes after it is worked out."""

    def failing(*_: object) -> None:
        raise TypeError("a fault of ours")

    async with opened(tmp_path) as house:
        with monkeypatch.context() as broken, capture_logs() as logs:
            broken.setattr("fenghuo.engine.receipts.named", failing)
            await house.answer("a", "+8613800000001", "收到")
        await house.answer("a", "+8613800000001", "收到")
        assert ["fault", "unmatched"] == await _raw(house)
        assert ["something heard cannot be worked out"] == [line["event"] for line in logs if line["log_level"] == "error"]
    async with opened(tmp_path, clock=house.clock) as again:
        assert [("a", True)] == [(one["channel"], "TypeError" in one["message"]) for one in await again.events("alarm.inbound_fault")]


async def test_a_row_that_we_fail_at_does_not_end_a_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of its kind lie there new, one that nobody can unpack and one that we fail at; the start goes on, and so does the third."""

    def failing(number: int) -> Callable[..., object]:
        def classify(self: Receipts, stored: Stored) -> object:
            if stored.inbox == number:
                raise TypeError("a fault of ours")
            return answer(self, stored)

        return classify

    answer = Receipts._answer
    async with opened(tmp_path) as house:
        heard = packed(Inbound(kind=InboundKind.ANSWER, raw=b"", ack=_never, address_kind="msisdn", address="+8613800000001", text="收到"))

        def lie_there(tx: Tx) -> None:
            for number, raw in ((1, b"\xc1"), (2, heard), (3, heard)):
                tx.insert(INBOX, InboxRow(number, "a", InboundKind.ANSWER, raw, house.clock.time(), "new"))

        await house.store.run(lie_there)
    monkeypatch.setattr(Receipts, "_answer", failing(2))
    with capture_logs():
        async with opened(tmp_path, clock=house.clock) as again:
            assert ["fault", "fault", "unmatched"] == await _raw(again)
            assert 2 == len(await again.events("alarm.inbound_fault"))


async def _never() -> None:
    raise AssertionError("it was acked before")


async def _refused(code: str) -> None:
    raise AssertionError(f"it was refused: {code}")


async def _raw(house: House) -> list[str]:
    return [row.state for row in await house.store.find(INBOX, "1 = 1 ORDER BY id")]
