"""docs/reference/radio-text.md says what the code does, and the renditions of core are what the channel expects."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from fenghuo import Budget, Message, Priority, Traffic
from fenghuo.formats.renditions import marked, radio_text
from fenghuo.model.message import Content, Info, MessageId
from fenghuo.model.traffic import Action, Kind
from fenghuo_narrowband import RadioSettings
from fenghuo_narrowband.airtime import BUDGET_OCTETS
from fenghuo_narrowband.answers import Answer, Device, Order, reading
from fenghuo_narrowband.parts import fragments
from tests.scale import PATIENCE_S

REFERENCE = (Path(__file__).resolve().parents[2] / "docs/reference/radio-text.md").read_text(encoding="utf-8")
MARKED = [
    (Traffic.EXERCISE, Action.NEW),
    (Traffic.TEST, Action.NEW),
    (Traffic.EXERCISE, Action.UPDATE),
    (Traffic.ACTUAL, Action.CANCEL),
]
SENT = datetime(2026, 7, 15, 8, tzinfo=UTC)


def order(text: str, traffic: Traffic = Traffic.ACTUAL, action: Action = Action.NEW) -> Message:
    """A dispatch order with the short number 123."""
    content = Content(Kind.DISPATCH, action, traffic, "hq", "o-1", SENT, infos=(Info(description=text),))
    return Message(MessageId("m-1"), 1, content, Priority.P1, "hash", 0.0, 1e10, number=123)


def section(name: str) -> str:
    return REFERENCE.split(f"## {name}\n")[1].split("\n## ")[0]


def test_every_setting_is_in_the_reference() -> None:
    """An operator finds each key."""
    table = section("Settings")
    assert [] == [field.name for field in msgspec.structs.fields(RadioSettings) if f"`{field.name}`" not in table]


def test_every_answer_in_the_reference_is_understood() -> None:
    """The first column of the table is what a person may send."""
    rows = [line.split("|")[1] for line in section("An answer of a person").splitlines() if line.startswith("| `")]
    texts = [text for row in rows for text in re.findall(r"`([^`]+)`", row)]
    assert len(texts) >= 5
    assert all(Answer(text) == reading(text.encode()) for text in texts)


def test_the_receipt_in_the_reference_is_understood() -> None:
    """DEV and four digits."""
    (form,) = re.findall(r"```\n(.+)\n```", section("A receipt of a terminal"))
    assert Device(123) == reading(form.encode())


def test_an_order_as_core_renders_it_is_never_taken_for_an_answer() -> None:
    """Two posts on one frequency do not answer each other by sending orders."""
    text = radio_text(order("沿江各村转移。")).text
    assert text.endswith("收到请回复 收到#0123")
    assert Order() == reading(text.encode())


@pytest.mark.parametrize(("traffic", "action"), MARKED)
def test_the_marks_of_core_stand_in_every_frame(traffic: Traffic, action: Action) -> None:
    """Whatever marks a rendition opens with, its second frame opens with too."""
    text = marked(radio_text(order("船只由镇政府统一调度，不得自行下水。" * 12, traffic, action)), "重发 1").text
    lead = re.match(r"(【[^】]+】)+", text)
    assert lead is not None
    assert "【重发 1】" in lead[0]
    parts = [part.decode() for part in fragments(text, 123, 256)]
    assert len(parts) > 2
    assert all(f"#0123 {lead[0]}" in part for part in parts)


def test_an_alert_is_fitted_to_what_the_channel_sends() -> None:
    """The budget of the channel, a copy mark included, is at most five frames."""
    content = Content(Kind.ALERT, Action.NEW, Traffic.EXERCISE, "met", "a-1", SENT, infos=(Info(event="台风", description="风大。" * 400),))
    message = Message(MessageId("m-1"), 1, content, Priority.P0, "hash", 0.0, 1e10, number=123)
    text = marked(radio_text(message, Budget(BUDGET_OCTETS)), "重发 1").text
    assert len(text.encode()) <= BUDGET_OCTETS
    assert len(fragments(text, 123, 256)) <= 5


def test_the_entry_point_loads_nothing_heavy() -> None:
    """pyserial comes with the channel, not with the name of the plugin."""
    code = "import sys, fenghuo_narrowband; print([name for name in ('serial', 'lxml', 'shapely') if name in sys.modules])"
    assert (
        "[]" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout.strip()
    )
