"""What becomes of octets at which a decoder of ours fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from fenghuo.model.delivery import Refused
from fenghuo.store.tables import REFUSAL
from tests.core.engine.house import opened


async def test_what_a_decoder_of_ours_fails_at_is_kept_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused like any other bytes, whatever their form, with the trace in the log; the door goes on."""

    def failing(*_: object, **__: object) -> None:
        raise TypeError("a fault of ours")

    async with opened(tmp_path) as house:
        with monkeypatch.context() as broken, capture_logs() as logs:
            for name in ("read_message", "open_document"):
                broken.setattr(f"fenghuo.formats.decode.{name}", failing)
            answers = [await house.take(raw) for raw in (b"<alert/>", b'{"to":["wang"]}', b"<a>" + b" " * 300_000)]
        assert ["decoder-fault"] * 3 == [answer.code for answer in answers if isinstance(answer, Refused)]
        assert [b"<alert/>", b'{"to":["wang"]}'] == [row.raw for row in await house.store.find(REFUSAL)][:2]
        assert ["decoder-fault"] * 3 == [event["code"] for event in await house.events("alarm.message_refused")]
        assert [True] * 3 == ["a fault of ours" in line["trace"][-1] for line in logs if line["event"] == "a decoder failed"]
        await house.order("wang")
        assert 1 == len(house.sent)
