"""The compact frame over the real alerts: each comes back at each rung, and what it costs. Source of the bars: wire-formats.md §9."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from statistics import median

import pytest

from fenghuo.formats.compact import FULL_OCTETS, NEWEST, Rung, carried, decode, encode
from fenghuo.formats.compact_bits import BitWriter
from fenghuo.formats.compact_spelling import TextWriter
from fenghuo.formats.compact_words import dictionary
from fenghuo.formats.decode import decode as read
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


@pytest.fixture(scope="module")
def distinct() -> list[Message]:
    """The distinct alerts of all files up to 60 kB, as the table of sizes counts them."""
    small = [name for name in FILES if (CORPUS / name).stat().st_size <= 60_000]
    found = {message.content_hash: message for name in small for message in messages_of(name)}
    return list(found.values())


@pytest.mark.parametrize("rung", Rung)
@pytest.mark.parametrize("name", FILES)
def test_every_file_comes_back(name: str, rung: Rung) -> None:
    """Whatever is taken from a file arrives as its rung says."""
    for message in messages_of(name):
        assert carried(message, rung) == decode(encode(message, rung))


@pytest.mark.parametrize("name", [name for name in FILES if (CORPUS / name).stat().st_size <= 60_000])
def test_every_file_comes_back_whole_and_without_a_dictionary(name: str) -> None:
    """With parameters, and for a receiver that knows no dictionary."""
    for message in messages_of(name):
        assert carried(message, Rung.FULL, whole=True) == decode(encode(message, Rung.FULL, whole=True))
        assert carried(message, Rung.CORE) == decode(encode(message, Rung.CORE, words=0))


def test_what_is_short_enough_comes_back_as_it_was(distinct: list[Message]) -> None:
    """Nothing at all is left out, parameters least, of whatever fits the bar with everything: of 30 real alerts and more."""
    whole = [message for message in distinct if len(encode(message, whole=True).octets()) <= FULL_OCTETS]
    assert len(whole) >= 30
    assert [()] * len(whole) == [decode(encode(message)).left_out for message in whole]


@pytest.mark.parametrize("rung", [Rung.LINE, Rung.CODE])
@pytest.mark.parametrize("name", FILES)
def test_neither_area_nor_action_is_lost(name: str, rung: Rung) -> None:
    """At the lowest rungs each area of the info that is said is told, and what to do where the source says it."""
    for message in messages_of(name):
        full = carried(message, Rung.CORE).content
        short = decode(encode(message, rung)).content
        for info, said in zip(full.infos, short.infos, strict=True):
            assert len(info.areas) == len(said.areas)
            told = [bool(area.description or area.geocodes or area.circles) for area in said.areas]
            assert [bool(area.description or area.geocodes or area.circles) for area in info.areas] == told
            acts = set(info.response_types) - {"None"}
            assert acts <= set(said.response_types)
            assert info.instruction in ("", said.instruction) or acts


@pytest.mark.parametrize(("rung", "octets"), [(Rung.FULL, 417), (Rung.CORE, 182), (Rung.LINE, 88)])
def test_the_median_fits(rung: Rung, octets: int, distinct: list[Message]) -> None:
    """Half of the real alerts take no more than the bar at each rung."""
    assert len(distinct) > 60
    assert median(HEAD + len(encode(message, rung).body) for message in distinct) <= octets


def test_the_chinese_warning_fits() -> None:
    """The wind warning of 74 characters takes at most 76 octets of text."""
    (message,) = messages_of("cn12379_henan_wind_update.xml")
    (info,) = message.content.infos
    bits = BitWriter()
    TextWriter(bits, dictionary(NEWEST)).text(info.description)
    assert 74 == len(info.description)
    assert len(bits.octets()) <= 76
