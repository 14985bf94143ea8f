"""A message in every form, and what it costs, over a whole engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.channels import Instance
from fenghuo.engine.costs import booked, estimated
from fenghuo.errors import FormatError, NotFound
from fenghuo.formats.forms import FORMS
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Capabilities, Estimate
from tests.core.engine.house import FakeChannel
from tests.core.service.manned import Manned, cap, manned


def forms_of(shown: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {form["form"]: form for form in shown["forms"]}


def add(there: Manned, name: str, channel: FakeChannel | None, capabilities: Capabilities) -> None:
    there.house.room.board.add(Instance(name, "fake", capabilities, address_kinds=("msisdn",), channel=lambda: channel))


class Priced(FakeChannel):
    """Says what it costs, by the size and for whom."""

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        return Estimate(airtime_s=len(payload.data) / 100, fee_fen=8.0 * len(address), fragments=3)


class Untold(FakeChannel):
    """Leaves the money to what its type declares."""

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        return Estimate(airtime_s=2.0)


class Broken(FakeChannel):
    """A plugin with a mistake in it."""

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        raise ZeroDivisionError


async def test_a_file_is_shown_in_every_form_and_nothing_is_kept(tmp_path: Path) -> None:
    """As if it had been submitted, with a stand-in for the number that it has not got."""
    async with manned(tmp_path) as there:
        shown = await there.do("message.preview", raw=cap().encode())
        forms = forms_of(shown)
        assert (None, None, "Alert", "暴雨橙色预警") == tuple(shown[key] for key in ("id", "number", "kind", "headline"))
        assert set(FORMS) <= set(forms)
        assert ("暴雨橙色预警。区域：双凤镇。", "#9999") == (forms["sms"]["text"][:14], forms["sms"]["text"][-5:])
        assert (True, 0.0) == (forms["speech"]["seconds"] > 5, forms["sms"]["seconds"])
        assert ([], []) == (await there.do("message.ls"), there.house.sent)


async def test_a_message_that_is_here_is_shown_by_its_number(tmp_path: Path) -> None:
    """The same texts that went or will go."""
    async with manned(tmp_path) as there:
        taken = await there.do("alert.submit", who="met", raw=cap().encode())
        number = (await there.do("message.show", id=taken.id))["number"]
        shown = await there.do("message.preview", id=str(number))
        assert (taken.id, number, True) == (shown["id"], shown["number"], forms_of(shown)["sms"]["text"].endswith(f"#{number:04d}"))


async def test_what_does_not_fit_is_named_and_what_cannot_be_made_says_why(tmp_path: Path) -> None:
    """One short message is too small for a long instruction."""
    async with manned(tmp_path) as there:
        long = cap().replace("<headline>", f"<headline>{'沿江低洼地区' * 4}")
        form = forms_of(await there.do("message.preview", raw=long.encode()))["70 characters"]
        assert (True, "") == ("description" in form["left_out"], form["why_not"])
        longer = cap().replace("双凤镇", "双凤镇" * 40)
        form = forms_of(await there.do("message.preview", raw=longer.encode()))["70 characters"]
        assert ("", True, []) == (form["text"], form["why_not"].startswith("what may never be left out"), form["channels"])


async def test_each_channel_says_what_it_costs(tmp_path: Path) -> None:
    """For the first address that it takes; where it says nothing of energy, what its transmitter draws."""
    async with manned(tmp_path) as there:
        add(there, "dear", Priced("dear", []), Capabilities("sms", Evidence.DEVICE, watts_transmit=10.0))
        form = forms_of(await there.do("message.preview", raw=cap().encode()))["sms"]
        costs = {one["channel"]: one for one in form["channels"]}
        airtime_s = form["octets"] / 100
        address = there.house.office.directory.contacts[0].address
        assert {
            "channel": "dear",
            "parts": 3,
            "airtime_s": airtime_s,
            "fee_fen": 8.0 * len(address),
            "joules": airtime_s * 10,
            "why_not": "",
            "left_out": [],
        } == costs["dear"]
        assert 1 == costs["a"]["parts"]


async def test_what_is_shown_beforehand_is_what_is_booked(tmp_path: Path) -> None:
    """By the same channels: one that counts its own money, and one whose type declares what a message costs."""
    made, fees = Rendition("sms", "到岗", "到岗".encode()), []
    async with manned(tmp_path) as there:
        declares = Capabilities("sms", Evidence.DEVICE, fee_fen=7.0, watts_transmit=10.0)
        for name, kind in (("dear", Priced), ("declared", Untold)):
            add(there, name, kind(name, []), declares)
            instance = there.house.room.board.get(name)
            assert instance is not None
            shown = await there.do("message.preview", raw=msgspec.json.encode({"to": ["wang"], "text": "到岗", "kind": "Dispatch"}))
            costs = {one["channel"]: one for one in forms_of(shown)["sms"]["channels"]}[name]
            address = there.house.office.directory.contacts[0].address
            sized = msgspec.structs.replace(made, data=b"x" * forms_of(shown)["sms"]["octets"])
            estimate = estimated(instance, sized, address)
            assert estimate is not None
            figures = {key: costs[key] for key in ("fee_fen", "joules", "airtime_s")} | {"fragments": costs["parts"]}
            assert pytest.approx(booked(estimate)) == figures
            fees.append(figures["fee_fen"])
        assert [8.0 * len(there.house.office.directory.contacts[0].address), 7.0] == fees


async def test_whoever_cannot_carry_a_picture_says_that_it_is_left_out(tmp_path: Path) -> None:
    """A form that no channel carries it beside says so itself; where one does, each of the others does."""
    async with manned(tmp_path) as there:
        digest = (await there.do("attachment.put", raw=b"\xff\xd8"))["digest"]
        enclosed = [{"digest": digest, "name": "a.jpg", "media_type": "image/jpeg"}, {"digest": "ab" * 32, "name": "b.csv"}]
        raw = msgspec.json.encode({"to": ["wang"], "text": "到岗", "attachments": enclosed})
        add(there, "wide", Priced("wide", []), Capabilities("sms", Evidence.DEVICE, attachments=True))
        forms = forms_of(await there.do("message.preview", raw=raw))
        beside = ["1 picture", "1 attachment"]
        assert (beside, beside, []) == tuple(forms[name]["left_out"] for name in ("70 characters", "radio", "sms"))
        assert {"a": beside, "wide": []} == {one["channel"]: one["left_out"] for one in forms["sms"]["channels"]}


async def test_a_form_with_a_channels_own_budget_is_shown_beside_the_others(tmp_path: Path) -> None:
    """What that channel would really send."""
    async with manned(tmp_path) as there:
        add(there, "small", Priced("small", []), Capabilities("sms", Evidence.DEVICE, max_payload=120))
        form = forms_of(await there.do("message.preview", raw=cap().encode()))["sms/120"]
        assert (True, ["small"]) == (len(form["text"]) <= 60, [one["channel"] for one in form["channels"]])


async def test_a_channel_that_cannot_estimate_says_why_and_hides_no_text(tmp_path: Path) -> None:
    """Not started, or a plugin with a mistake: the rest is shown."""
    async with manned(tmp_path) as there:
        add(there, "off", None, Capabilities("sms", Evidence.DEVICE))
        add(there, "broken", Broken("broken", []), Capabilities("sms", Evidence.DEVICE))
        form = forms_of(await there.do("message.preview", raw=cap().encode()))["sms"]
        costs = {one["channel"]: (one["parts"], one["why_not"]) for one in form["channels"]}
        assert (None, "the channel is not started, and only a started one can estimate") == costs["off"]
        assert (None, "it could not estimate: ZeroDivisionError") == costs["broken"]
        assert form["text"]


async def test_what_is_no_message_and_what_is_not_known_gets_a_sentence(tmp_path: Path) -> None:
    """Octets that would be refused, an id that nobody gave, both at once, and neither."""
    async with manned(tmp_path) as there:
        with pytest.raises(FormatError):
            await there.do("message.preview", raw=b"<nothing/>")
        with pytest.raises(NotFound, match="no message is known as 17"):
            await there.do("message.preview", id="17")
        both: dict[str, Any] = {"id": "17", "raw": msgspec.json.encode({"to": ["wang"], "text": "到岗"})}
        for args in ({}, both):
            with pytest.raises(FormatError, match="either the id of a message or the octets of one"):
                await there.do("message.preview", **args)


async def test_a_voice_takes_as_long_as_its_channel_says(tmp_path: Path) -> None:
    """Whoever signs reads one figure, and it is that of the voice that will speak."""
    async with manned(tmp_path) as there:
        before = forms_of(await there.do("message.preview", raw=cap().encode()))["loudspeaker"]["seconds"]
        voice = FakeChannel("hall", [])
        voice.airtime_s = 10 * before
        add(there, "hall", voice, Capabilities(form="loudspeaker", evidence_max=Evidence.AIRED))
        after = forms_of(await there.do("message.preview", raw=cap().encode()))["loudspeaker"]
        assert (10 * before, [10 * before]) == (after["seconds"], [one["airtime_s"] for one in after["channels"]])


async def test_a_channel_that_may_not_carry_the_traffic_says_so_and_no_price(tmp_path: Path) -> None:
    """A siren that takes no exercise is not offered for one."""
    async with manned(tmp_path) as there:
        siren = Capabilities(form="loudspeaker", evidence_max=Evidence.AIRED, traffic=(Traffic.ACTUAL,))
        add(there, "siren", FakeChannel("siren", []), siren)
        raw = cap().replace("<status>Actual", "<status>Exercise").encode()
        (shown,) = forms_of(await there.do("message.preview", raw=raw))["loudspeaker"]["channels"]
        assert ("the channel may not carry Exercise traffic", None) == (shown["why_not"], shown["airtime_s"])
