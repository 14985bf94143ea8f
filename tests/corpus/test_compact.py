"""The compact frame over the real alerts: each comes back at each rung, and what it costs. Source of the bars: wire-formats.md §9."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from statistics import median

import pytest

from fenghuo.formats.compact import FULL_OCTETS, NEWEST, Rung, compact, decode, encode
from fenghuo.formats.compact_bits import BitWriter
from fenghuo.formats.compact_spelling import TextWriter
from fenghuo.formats.compact_words import dictionary
from fenghuo.formats.decode import decode as read
from fenghuo.formats.wording import told_infos
from fenghuo.model.message import Content, Message, MessageId, content_hash
from fenghuo.model.traffic import Priority

CORPUS = Path(__file__).parents[3] / "shared/data/cap"
if not CORPUS.exists():
    pytest.skip("the corpus of real alerts does not lie beside the checkout", allow_module_level=True)

SUFFIXES = {".xml", ".cap", ".atom", ".rss", ".edxlde"}
FILES = sorted(path.name for path in CORPUS.iterdir() if path.suffix in SUFFIXES)

# One octet of head stands before the body; what a seal adds is not in these figures (docs/compact-frame.md §8).
HEAD = 1


@cache
def messages_of(name: str) -> tuple[Message, ...]:
    """Every message of a file, as intake would make it."""
    taken = [decoded.content for decoded in read((CORPUS / name).read_bytes())]
    return tuple(_message(content) for content in taken if content is not None)


def _message(content: Content) -> Message:
    sent = content.sent.timestamp()
    ends = content.expires.timestamp() if content.expires else sent + 86_400
    return Message(MessageId("01K06FQ8W0ZZZZZZZZZZZZZZZZ"), 1, content, Priority.P2, content_hash(content), sent + 1, ends, number=7)


def distinct() -> list[Message]:
    """The distinct alerts of all files up to 60 kB, as the table of sizes counts them."""
    small = [name for name in FILES if (CORPUS / name).stat().st_size <= 60_000]
    found = {message.content_hash: message for name in small for message in messages_of(name)}
    return list(found.values())


@pytest.mark.parametrize("name", FILES)
def test_every_file_comes_back(name: str) -> None:
    """Whatever is taken from a file arrives as each rung says; and whole, and for a receiver that knows no dictionary."""
    is_small = (CORPUS / name).stat().st_size <= 60_000
    for message in messages_of(name):
        said = {}
        rungs = [rung for rung in Rung if rung is not Rung.CODE or len(told_infos(message)) < 2]  # several are refused in figures
        for rung in rungs:
            said[rung], frame = compact(message, rung)
            assert said[rung] == decode(frame), rung
        if is_small:
            everything, frame = compact(message, Rung.FULL, whole=True)
            assert everything == decode(frame)
            assert said[Rung.CORE] == decode(encode(message, Rung.CORE, words=0))
        for rung in rungs[2:]:
            assert_neither_area_nor_action_is_lost(said[Rung.CORE].content, said[rung].content, rung)


def assert_neither_area_nor_action_is_lost(full: Content, short: Content, rung: Rung) -> None:
    """At the lowest rungs each area of the info that is said is told, and what to do where the source says it."""
    for info, said in zip(full.infos, short.infos, strict=True):
        assert len(info.areas) == len(said.areas), rung
        told = [bool(area.description or area.geocodes or area.circles) for area in said.areas]
        assert [bool(area.description or area.geocodes or area.circles) for area in info.areas] == told, rung
        acts = set(info.response_types) - {"None"}
        assert acts <= set(said.response_types), rung
        assert info.instruction in ("", said.instruction) or acts, rung


def test_half_of_the_alerts_fit_the_bars_and_what_is_short_enough_loses_nothing() -> None:
    """Half of the real alerts take no more than the bar at each rung; nothing at all is left out, parameters least, of whatever fits the
    bar with everything: of 30 real alerts and more."""
    alerts = distinct()
    assert len(alerts) > 60
    for rung, octets in ((Rung.FULL, 417), (Rung.CORE, 182), (Rung.LINE, 88)):
        assert median(HEAD + len(encode(message, rung).body) for message in alerts) <= octets, rung
    whole = [message for message in alerts if len(encode(message, whole=True).octets()) <= FULL_OCTETS]
    assert len(whole) >= 30
    assert [()] * len(whole) == [decode(encode(message)).left_out for message in whole]


def test_the_chinese_warning_fits() -> None:
    """The wind warning of 74 characters takes at most 76 octets of text."""
    (message,) = messages_of("cn12379_henan_wind_update.xml")
    (info,) = message.content.infos
    bits = BitWriter()
    TextWriter(bits, dictionary(NEWEST)).text(info.description)
    assert 74 == len(info.description)
    assert len(bits.octets()) <= 76
