"""Settings and keys of the link: each mistake is a sentence."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo import ConfigError, Priority
from fenghuo.link import FrameKind
from fenghuo_narrowband import LinkSettings, link_capabilities
from fenghuo_narrowband.link_air import air_of, caps_of
from fenghuo_narrowband.link_keys import check, ring_of
from fenghuo_narrowband.link_settings import GroupTable, PostTable
from tests.plugins.link_fakes import GROUP, HEAD, settings_of


def secret(path: str) -> str:
    return bytes((int(path) + at) % 256 for at in range(32)).hex()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"octets": 10}, "octets 10 is not one of 64 to 4096"),
        ({"full_duplex": True}, "full_duplex cannot be true"),
        ({"code": 0}, "code 0 is not one of 1 to 255"),
        ({"code": 11}, "a node code is used twice"),
        ({"net": "not a call"}, "callsign 'not a call' is not"),
        ({"hard_cap": 2.0}, "hard_cap 2 a share of it"),
        ({"reserve": 1.0}, "must be shares within hard_cap"),
        ({"posts": {"BJ1T11": PostTable(code=11, key_id=11, secret_file="11", behind=("BJ1V21",))}}, "but it has no relays = true"),
        (
            {"posts": {"BJ1T11": PostTable(code=11, key_id=11, secret_file="11", relays=True, behind=("bj1v21", "BJ1V21"))}},
            "each once",
        ),
        (
            {"posts": {"BJ1T11": PostTable(code=11, key_id=11, secret_file="11", is_head=True, commands=True)}},
            "above this one .is_head.: commands go down",
        ),
        (
            {
                "posts": {"BJ1T11": PostTable(code=11, key_id=11, secret_file="11", commands=True)},
                "groups": {"towns": GroupTable(code=200, key_id=200, secret_file="200", head=1, members=(11, 12))},
            },
            "its code 11 is a member of a group: a group's key starts nothing",
        ),
    ],
)
def test_settings_that_cannot_work_say_so(changes: dict[str, object], sentence: str) -> None:
    """Whoever wrote them reads what would be right."""
    sound = settings_of(1, [11])
    with pytest.raises(ValueError, match=sentence):
        LinkSettings(**{**{name: getattr(sound, name) for name in sound.__struct_fields__}, **changes})


def test_everybody_behind_a_post_has_a_place() -> None:
    """An order to ten behind one post is licensed for all ten at once, and goes in one message; whom we report up for takes no place."""
    behind = tuple(f"BJ1V{code}" for code in range(21, 31))
    relay = PostTable(code=2, key_id=2, secret_file="2", relays=True, behind=behind)
    above = PostTable(code=3, key_id=3, secret_file="3", is_head=True, behind=behind)
    settings = msgspec.structs.replace(settings_of(1, [11]), posts={"BJ1T02": relay, "BJ1T03": above, **settings_of(1, [11]).posts})
    assert (10 + 1 + 1) * len(Priority) == link_capabilities(settings).concurrency


def test_a_head_and_its_town_have_the_same_lanes_from_both_ends() -> None:
    """What one sends in the other hears in, for a device and for a group."""
    head, town = ring_of(settings_of(1, [11], members=[11]), secret), ring_of(settings_of(11, [1], members=[11]), secret)
    assert {lane.name for lane in head.lanes()} == {lane.name for lane in town.lanes()}
    assert HEAD == head.sending(GROUP, FrameKind.DISPATCH).source


def test_a_post_without_anybody_is_refused_before_the_start() -> None:
    """`fenghuo config check` sees it."""
    assert "posts" in check(settings_of(1, []), secret)


def test_a_secret_that_is_no_key_is_refused_before_the_start() -> None:
    """A text, or one that is too short, protects nothing."""
    assert "hexadecimal" in check(settings_of(1, [11]), lambda path: "password")["posts"]
    assert "hexadecimal" in check(settings_of(1, [11]), lambda path: "00" * 8)["posts"]


def test_one_secret_for_two_keys_is_refused() -> None:
    """A town could speak for another."""
    with pytest.raises(ConfigError, match=r"posts\.BJ1T11 and posts\.BJ1T12 share one secret"):
        ring_of(settings_of(1, [11, 12]), lambda path: "00" * 32)


def test_the_air_is_counted_as_the_settings_say() -> None:
    """Keying in seconds, and no frame longer than AX.25 carries."""
    air = air_of(settings_of(1, [11], txdelay_ms=300, txtail_ms=100, bitrate=1200.0))
    assert (0.4, 1200.0, 256) == (air.keying_s, air.bitrate, air.mtu)
    assert 0.7 == caps_of(settings_of(1, [11])).soft


def test_posts_are_read_from_a_file() -> None:
    """The tables nest as an operator writes them."""
    raw = {"mycall": "BJ1CMD", "code": 1, "posts": {"bj1t11": {"code": 11, "key_id": 11, "secret_file": "k"}}}
    assert {11: "BJ1T11"} == msgspec.convert(raw, LinkSettings).calls_of()
