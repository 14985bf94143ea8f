"""The catalogue of alarms is data, and says of each kind that the code can raise what it means for a person, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fenghuo.engine.alarm_kinds import Sign, load_catalogue, read_catalogue
from fenghuo.model.alarm import AlarmPriority
from fenghuo.model.event import Event
from fenghuo.model.event_types import EVENT_TYPES
from fenghuo.service.authorisation import VERBS

ROOT = Path(__file__).parents[3]
KIND = re.compile(r"\"(alarm\.[a-z_]+)\"")
CATALOGUE = load_catalogue()
ENTRY = """
[x]
priority = "LOW"
owner = "duty"
response_s = 60
zh = { title = "标题", consequence = "后果", action = "处置" }
en = { title = "Title", consequence = "So what", action = "Do it" }
"""


def written() -> set[str]:
    """Every kind that a line of the product names; what is called so at the desk is a verb."""
    files = [file for folder in ("core", "plugins", "adapters") for file in (ROOT / folder).rglob("*.py") if "rig" not in file.parts]
    named = {kind for file in files for kind in KIND.findall(file.read_text(encoding="utf-8")) if file.name != "event_types.py"}
    return named - set(VERBS)


def test_every_alarm_that_the_code_can_raise_is_in_the_catalogue_and_none_else() -> None:
    """A kind without consequence, action, time, priority and owner is refused here; so is an entry that nothing raises."""
    assert (set(), set()) == (written() - set(CATALOGUE.kinds), set(CATALOGUE.kinds) - written())


def test_every_sign_in_the_catalogue_is_an_event_that_somebody_tells() -> None:
    """An end that nobody tells would never come."""
    signs = {Sign.parse(text).type for kind in CATALOGUE.kinds.values() for text in (*kind.ends, *kind.holds)}
    assert set() == signs - EVENT_TYPES


def test_the_words_are_of_their_language() -> None:
    """Chinese in Chinese, and no Chinese in English: neither column was filled from the other."""
    han = re.compile(r"[\u4e00-\u9fff]")
    for name, kind in CATALOGUE.kinds.items():
        assert all(han.search(text) for text in (kind.zh.title, kind.zh.consequence, kind.zh.action)), name
        assert not any(han.search(text) for text in (kind.en.title, kind.en.consequence, kind.en.action)), name
    titles = [kind.zh.title for kind in CATALOGUE.kinds.values()]
    assert len(titles) == len(set(titles))


def test_what_is_urgent_is_to_be_done_soonest() -> None:
    """No HIGH waits longer than a quarter of an hour, and no LOW calls for less."""
    for kind in CATALOGUE.kinds.values():
        assert kind.response_s <= 900 or kind.priority is not AlarmPriority.HIGH
        assert kind.response_s >= 900 or kind.priority is not AlarmPriority.LOW


def test_a_sign_fits_by_its_type_and_by_what_its_body_holds() -> None:
    """One of several values of a field will do; another type, or another value, is none."""
    sign = Sign.parse("channel.health after=up|unknown")
    said = (("channel.health", "up"), ("channel.health", "unknown"), ("channel.health", "down"), ("channel.admin", "up"))
    assert [True, True, False, False] == [sign.fits(Event(1, 0.0, kind, "channel/a", {"after": after})) for kind, after in said]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (ENTRY.replace('"LOW"', '"URGENT"'), r"alarm\.x: Invalid enum value 'URGENT'"),
        (ENTRY.replace("response_s = 60\n", ""), r"alarm\.x: Object missing required field `response_s`"),
        (ENTRY.replace(', action = "Do it"', ""), r"alarm\.x: Object missing required field `action`"),
        (ENTRY + "owners = 1\n", r"alarm\.x: Object contains unknown field `owners`"),
        (
            ENTRY.replace("response_s = 60", 'response_s = 60\nends = ["power.changed mains"]'),
            r"alarm\.x: 'power\.changed mains'",
        ),
    ],
)
def test_an_entry_that_says_too_little_is_refused_with_its_name(text: str, sentence: str) -> None:
    """Whoever edits it reads which entry and which field."""
    assert ["alarm.x"] == list(read_catalogue(ENTRY).kinds)
    with pytest.raises(ValueError, match=sentence):
        read_catalogue(text)


def test_the_page_has_every_kind_as_the_catalogue_has_it() -> None:
    """What a person reads of priority, time and end is what the node goes by."""
    page = (ROOT / "docs" / "reference" / "alarms.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `alarm.")]
    wanted = []
    for name, kind in CATALOGUE.kinds.items():
        ends = ", ".join(f"`{end}`" for end in kind.ends).replace("|", "\\|") or "a person"
        looked = ", looked at" if kind.asked else ""
        delay = f", off-delay {kind.off_delay_s:g} s" if kind.off_delay_s else ""
        titles = f"{kind.zh.title} {kind.en.title}"
        wanted.append(f"| `{name}` {titles} | {kind.priority} | {kind.owner} | {kind.response_s:g} | {ends}{looked}{delay} |")
    assert sorted(wanted) == sorted(rows)
