"""What others may say of an outage over the desk: what is out, where, until when, and who may take it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fenghuo.engine.judging import Origin
from fenghuo.errors import FenghuoError, FormatError, NotAllowed, NotFound
from fenghuo.model.area import AreaRef
from fenghuo.service.desk import Holder
from fenghuo.service.secrets import Secret
from tests.core.service.manned import manned

BAD: list[tuple[dict[str, Any], str]] = [
    ({"what": "ab"}, "what: 'ab' is no risk group and no channel of this node; did you mean \"a\"?"),
    ({"what": "a", "area": "320585105"}, "area: area '320585105' has no code system; write mca:320585105 or nbs:320585105"),
    ({"what": "a", "area": "mca:320583"}, "area: the directory knows no area mca:320583, and none in it"),
    ({"what": "a", "since": "yesterday"}, "since: 'yesterday' is no time; write it as 2026-11-26T08:00:00+08:00"),
    ({"what": "a", "since": "1970-01-12T13:46:40"}, "since: '1970-01-12T13:46:40' has no time zone; write it as 2026-11-26T08:00:00+08:00"),
    (
        {"what": "a", "since": "1970-01-12T15:46:40Z"},
        "since: '1970-01-12T15:46:40Z' is still to come, and an outage is reported when it has begun",
    ),
    ({"what": "a", "lasts_s": 1e9}, "lasts_s: 1e+09 s; a word holds from 10 s to 604800 s, and is said again where it lasts longer"),
    ({"what": "a", "reason": "x" * 501}, "key: a key has at most 120 characters, a reason 500"),
]


async def test_a_word_is_kept_shown_explained_and_ended(tmp_path: Path) -> None:
    """By its own source under the source's own key; `channel why` names it, and who said what stands in the audit."""
    async with manned(tmp_path) as there:
        told = await there.do("outage.report", "met", what="a", area="mca:320585", key="nms-7", reason="3 sites without power")
        assert (True, "met/nms-7", ["a"]) == (told["new"], told["id"], told["channels"])
        assert not (await there.do("outage.report", "met", what="a", area="mca:320585", key="nms-7", lasts_s=60.0))["new"]
        why = await there.do("channel.why", name="a")
        assert ("suspect", ["met/nms-7"]) == (why["health"], why["outages"])
        assert "met says that a is out (mca:320585), for 60 s more" in why["says"]
        there.outages.hangs_on = lambda: {"mains:huangjing"}
        assert [] == (await there.do("outage.report", "met", what="mains:huangjing", lasts_s=10.0))["channels"], "no channel hangs on it"
        await there.do("outage.end", "met", id="mains:huangjing")
        assert [("met/nms-7", True)] == [(one["id"], one["stands"]) for one in await there.do("outage.ls")]
        await there.do("outage.end", "met", id="nms-7")
        assert ([], "up") == (await there.do("outage.ls"), (await there.do("channel.why", name="a"))["health"])


async def test_a_word_that_makes_no_sense_is_refused_with_what_would_be_right(tmp_path: Path) -> None:
    """A slip would demote nothing and look like a word that was taken."""
    async with manned(tmp_path) as there:
        for args, says in BAD:
            with pytest.raises(FormatError) as refused:
                await there.do("outage.report", **args)
            assert says == str(refused.value)


async def test_who_speaks_for_one_town_speaks_for_no_other_and_ends_no_other_word(tmp_path: Path) -> None:
    """Authenticated as posts are: by the token, its rights and its areas; an operator may end what a source forgot."""
    async with manned(tmp_path) as there:
        opa = Holder("opA", ("source",), Origin("opA", areas=(AreaRef.parse("mca:320585105"),)))
        there.desk.hold([(Secret("opA-secret"), opa), (Secret("met-secret"), Holder("met", ("source",), Origin("met")))])
        told = await there.do("outage.report", "opA", what="a", area="mca:320585105")
        refusals: list[tuple[type[FenghuoError], str, str, dict[str, Any]]] = [
            (NotAllowed, "outage.report", "opA", {"what": "a"}),
            (NotAllowed, "outage.report", "opA", {"what": "a", "area": "mca:320585109"}),
            (NotAllowed, "outage.end", "met", {"id": told["id"]}),
            (NotFound, "outage.end", "met", {"id": "nothing"}),
        ]
        for kind, verb, who, args in refusals:
            with pytest.raises(kind):
                await there.do(verb, who, **args)
        there.desk.hold([(Secret("duty-secret"), Holder("duty", ("operator",), Origin("duty")))])
        await there.do("outage.end", id=told["id"])
        assert [] == await there.do("outage.ls")


async def test_what_is_left_to_each_place_is_listed_the_node_first_and_then_the_worst(tmp_path: Path) -> None:
    """With what would be left if what others say is true."""
    async with manned(tmp_path) as there:
        there.house.room.look()
        await there.do("outage.report", "met", what="a", area="mca:320585105")
        node, *towns = await there.do("network.ls")
        assert ("", "full", "isolated", ["met"]) == (node["place"], node["mode"], towns[-1]["reported"], towns[-1]["by"])
        there.house.down("a")
        await there.house.settle()
        there.house.room.look()
        node, first, _ = await there.do("network.ls")
        assert ("degraded", "mca:320585105", "isolated", ["a"]) == (node["mode"], first["place"], first["mode"], first["lost"])
