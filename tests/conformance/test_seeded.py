"""Each check of the kit fails on a channel with the bug it is there to find, and none fails on the channel without."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fenghuo import ChannelType, ConformanceFixture, Renderer
from fenghuo.formats.renditions import sms_text
from fenghuo.plugin.grading import Grade, Standing, standing_of
from fenghuo.plugin.host import load_plugins
from fenghuo.rig.kit.bench import Subject
from fenghuo.rig.kit.examining import Record
from fenghuo.rig.kit.grades import Verdict, Went
from fenghuo.rig.kit.suite import CHECKS, Stand
from tests.conformance.gateway import gateway
from tests.conformance.seeded import able, kind, wired
from tests.conformance.wrongs import Wrong
from tests.peers.site import install

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ConformanceFixture("seeded", "gateway", gateway, is_simulated=True)

CAUGHT_BY = {
    "an order reaches the far end word for word, and once": Wrong.CUTS_WORDS,
    "nothing leaves before begin() has committed": Wrong.SPEAKS_EARLY,
    "a refusal by begin() passes through, and nothing leaves": Wrong.SWALLOWS_REFUSALS,
    "killed before begin(), it arrives after the restart": Wrong.SPEAKS_EARLY,
    "killed after begin(), it arrives, and a copy says so": Wrong.SENDS_TWICE,
    "killed before the result is kept, it arrives, and a copy says so": Wrong.STRIPS_MARKS,
    "killed after the result is kept, it arrives, and a copy says so": Wrong.SENDS_TWICE,
    "an exercise is refused on an instance for Actual traffic alone": Wrong.SWALLOWS_REFUSALS,
    "no outcome and no receipt claims more than the channel declares": Wrong.CLAIMS_PEOPLE,
    "what is handed over claims no more than the far end has confirmed": Wrong.OVERCLAIMS,
    "a bad number is not a dead channel": Wrong.BLAMES_CHANNEL,
    "stop means silence": Wrong.SPEAKS_ON,
    "no task, thread or descriptor is left behind": Wrong.LEAKS,
    "no call blocks the loop": Wrong.BLOCKS,
    "secrets are never shown": Wrong.TELLS_SECRETS,
    "a text that is too long is its own failure": Wrong.CUTS_LONG,
    "every text arrives as it was written": Wrong.LOSES_CHARACTERS,
    "a receipt before the result counts": Wrong.FORGETS_EARLY_RECEIPTS,
    "receipts out of order reach each its own": Wrong.TAKES_RECEIPTS_IN_TURN,
    "a receipt that comes twice is one receipt": Wrong.CHOKES_ON_SECOND,
    "a receipt for an unknown id confirms nothing": Wrong.TAKES_STRANGERS,
    "a receipt with a mangled id confirms nothing": Wrong.CHOKES_ON_GARBAGE,
    "a report of failure ends the delivery and not the channel": Wrong.BLAMES_ITSELF,
    "a far end that refuses gets the order when it is back": Wrong.BOASTS_UNCONNECTED,
    "a line cut in the middle of an emission leaves it in doubt": Wrong.CLAIMS_CUT,
    "a far end that hangs is given up in time": Wrong.WAITS_FOR_EVER,
    "a slow far end is waited for, and gets it once": Wrong.REPEATS_AT_ONCE,
    "a line that flaps loses nothing and doubles nothing in silence": Wrong.CRASHES,
    "a far end that browns out loses nothing": Wrong.CLAIMS_UNANSWERED,
    "an emission lost in a collision is sent again": Wrong.OVERCLAIMS,
    "a lost answer costs a marked repeat and no more": Wrong.STRIPS_MARKS,
    "a cancel between fragments keeps the rest off the air": Wrong.IGNORES_CANCEL,
    "an urgent order passes between the fragments of a long one": Wrong.NEVER_TURNS,
    "fragments are estimated within 15 % of what it took, or one": Wrong.GUESSES_FRAGMENTS,
    "airtime is estimated within 15 % of what it took": Wrong.GUESSES_AIRTIME,
    "what an emission is booked with is within 2 % of what the far end measured": Wrong.BOOKS_HALF,
    "a storm over a bad line loses nothing": Wrong.GIVES_UP,
    "five sudden deaths lose nothing": Wrong.SENDS_TWICE,
    "what comes in is acknowledged when it is kept, and not before": Wrong.ACKS_AT_ONCE,
    "a line cut between fragments: what is reported of them is not the whole": Wrong.COUNTS_A_PART,
    "killed between fragments: what is reported of them is not the whole": Wrong.SENDS_TWICE,
    "a fragment that is refused: what is reported of the others is not the whole": Wrong.COUNTS_A_PART,
    "a person's receipt goes back to whoever sent the message, whatever dies": Wrong.FORGETS_RECEIPTS,
}
CAUGHT_IF_ABLE_BY = {
    "a page reaches everybody on it once, under one licence and not before it": Wrong.SKIPS_THE_LAST,
    "a refusal by begin() of a page passes through, and nothing leaves": Wrong.SWALLOWS_PAGES,
    "a bad number on a page is that number's alone": Wrong.BLAMES_THE_PAGE,
    "a line cut in the middle of a page leaves it in doubt": Wrong.CLAIMS_PAGES,
    "what became of it is asked, and never guessed": Wrong.INVENTS_ANSWERS,
    "a far end that can be asked is asked and not sent a copy": Wrong.DENIES_ALL,
    "what is taken back never arrives, and what has left is too late": Wrong.CANCELS_NOTHING,
}
"""Of a channel that takes pages, can be asked and can take back."""
ALSO_CAUGHT = [
    ("a cancel between fragments keeps the rest off the air", Wrong.NEVER_TURNS, wired),
    ("an urgent order passes between the fragments of a long one", Wrong.NEVER_TURNS, wired),
    ("no outcome and no receipt claims more than the channel declares", Wrong.CLAIMS_READERS, kind),
    ("what is handed over claims no more than the far end has confirmed", Wrong.CLAIMS_UNANSWERED, wired),
]
"""The other ways to break a promise, and channels that share no medium."""


def verdict(claim: str, wrong: Wrong | None) -> Verdict:
    return verdict_on(claim, (able if claim in CAUGHT_IF_ABLE_BY else kind)(wrong))


def verdict_on(claim: str, channel: ChannelType) -> Verdict:
    (check,) = (check for check in CHECKS if check.claim == claim)
    stand = Stand(Subject("seeded", channel, {"sms": Renderer("sms", sms_text)}), FIXTURE)
    stand.run([check])
    return stand.verdicts[claim]


def test_each_check_has_its_bug() -> None:
    """A check that nothing is seeded for has never been seen to fail, and a bug that no check is there for is no use."""
    caught_by = {**CAUGHT_BY, **CAUGHT_IF_ABLE_BY}
    assert {check.claim for check in CHECKS} == set(caught_by)
    assert set(Wrong) == {*caught_by.values(), *(wrong for _, wrong, _ in ALSO_CAUGHT)}


@pytest.mark.parametrize("claim", [*CAUGHT_BY, *CAUGHT_IF_ABLE_BY])
def test_the_bug_is_found(claim: str) -> None:
    """The check fails on the channel that has it, and says why."""
    found = verdict(claim, {**CAUGHT_BY, **CAUGHT_IF_ABLE_BY}[claim])
    assert Went.FAILED == found.went
    assert found.why


@pytest.mark.parametrize(("claim", "wrong", "made"), ALSO_CAUGHT)
def test_it_is_found_in_its_other_shape(claim: str, wrong: Wrong, made: Callable[[Wrong | None], ChannelType]) -> None:
    """The check fails on the channel that has it, and passes on the same channel without."""
    assert (Went.FAILED, Went.PASSED) == (verdict_on(claim, made(wrong)).went, verdict_on(claim, made(None)).went)


@pytest.mark.may_block("it waits for the command")
@pytest.mark.timeout(90)
def test_the_channel_without_a_bug_is_platinum_and_recorded_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing cries wolf; and the whole way of an administrator: a plugin of somebody else's, one command, and a node that believes it."""
    site, state = tmp_path / "site", tmp_path / "state"
    install(site, "seeded", PLUGIN)
    (tmp_path / "fenghuo.toml").write_text('[node]\nname = "node"\n')
    path = f"{site}:{ROOT}"
    command = [sys.executable, "-m", "fenghuo", "--config", "fenghuo.toml", "plugin", "check", "fenghuo_seeded", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr[-3000:]
    records = msgspec.json.decode(done.stdout, type=list[Record])
    assert {check.claim for check in CHECKS} == {record.verdict.check for record in records if record.verdict.went is Went.PASSED}
    assert {Went.PASSED, Went.INAPPLICABLE} == {record.verdict.went for record in records}
    assert {"seeded.json", "seeded.able.json"} == {file.name for file in (state / "conformance").iterdir()}
    monkeypatch.syspath_prepend(str(site))
    host = load_plugins([importlib.import_module("fenghuo_seeded")])
    found = {name: standing_of(name, host.origin(name), state / "conformance") for name in ("seeded", "seeded.able")}
    assert dict.fromkeys(found, Standing(Grade.PLATINUM)) == found


PLUGIN = """
import msgspec

from fenghuo import ConformanceFixture, PluginInfo, hookimpl
from tests.conformance.gateway import gateway
from tests.conformance.seeded import able, kind


@hookimpl
def fenghuo_plugin():
    return PluginInfo("seeded", "1.0")


@hookimpl
def fenghuo_channel_types():
    return [kind(None), msgspec.structs.replace(able(None), id="seeded.able")]


@hookimpl
def fenghuo_conformance():
    return [ConformanceFixture(name, f"gateway of {name}", gateway, is_simulated=True) for name in ("seeded", "seeded.able")]
"""
