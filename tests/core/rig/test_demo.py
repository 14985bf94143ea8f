"""The demo as its parts: the story it plays, the stamping of its warning, the files it names. `make run ONCE=1` plays the whole."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from fenghuo.formats.decode import decode
from fenghuo.rig.demo import Stage, Story, demo
from fenghuo.rig.sites import SitesSettings

CONFIG = Path(__file__).parents[3] / "config"
STORY = msgspec.toml.decode((CONFIG / "demo-story.toml").read_bytes(), type=Story)
SETTINGS = tomllib.loads((CONFIG / "demo.toml").read_text(encoding="utf-8"))


def test_the_story_names_what_the_settings_have() -> None:
    """Tokens of the source and the signers, the channel that is killed and the bearers behind the channels."""
    assert {STORY.source, *STORY.signers} <= set(SETTINGS["tokens"])
    assert STORY.kill in STORY.bearers
    assert {channel["settings"]["socket"] for channel in SETTINGS["channels"].values()} == {
        str(bearer["socket"]) for bearer in STORY.bearers.values()
    }


def test_each_bearer_is_told_what_it_knows() -> None:
    """No option of the story is one that the bearer's process would refuse."""
    known = {field.name for field in msgspec.structs.fields(SitesSettings)}
    assert set() == {key for bearer in STORY.bearers.values() for key in bearer if key != "socket"} - known


def test_the_two_bearers_share_no_fate() -> None:
    """Else killing one would show nothing."""
    groups = [set(channel["risk_groups"]) for channel in SETTINGS["channels"].values()]
    assert set() == set.intersection(*groups)


def test_the_warning_is_sent_now() -> None:
    """A faultless alert of this minute that lasts six hours, under a name of its own in the shape of the real ones."""
    before = datetime.now(UTC).replace(microsecond=0)
    raw = Stage(CONFIG / "demo.toml", STORY).stamped()
    (decoded,) = decode(raw)
    assert decoded.content is not None
    assert ("accepted", True) == (decoded.outcome, before <= decoded.content.sent <= before + timedelta(seconds=5))
    assert timedelta(hours=6) == (decoded.content.expires or before) - decoded.content.sent
    assert re.fullmatch(r"32058541600000_\d{14}", decoded.content.identifier)


def test_settings_must_be_there() -> None:
    """A file that is not there is a usage error with its name."""
    ran = CliRunner().invoke(demo, ["--config", "absent.toml"])
    assert (2, True) == (ran.exit_code, "absent.toml" in ran.output)


def test_a_story_with_an_unknown_word_is_refused() -> None:
    """A slip in the story is told before a process is started."""
    with pytest.raises(msgspec.ValidationError, match="kil_after"):
        msgspec.toml.decode((CONFIG / "demo-story.toml").read_bytes().replace(b"kill_after", b"kil_after"), type=Story)
