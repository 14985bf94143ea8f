"""What every form keeps, whatever the message."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.errors import FormatError
from fenghuo.formats.compact import decode, encode
from fenghuo.formats.compact_frame import Rung
from fenghuo.formats.forms import FORMS, seconds_of
from fenghuo.formats.renditions import json_body
from fenghuo.formats.renditions_spoken import SPOKEN_FORMS
from fenghuo.formats.spoken import spoken
from fenghuo.formats.wording import phrases
from fenghuo.model.message import AffectedArea, Geocode, Info, Message
from fenghuo.model.rendition import Budget
from fenghuo.model.traffic import Action, Traffic
from tests.core.formats.alerts import GOOD, SENT, content_of, message_of

_WORDS = st.text("预警转移。；，0123456789沙溪镇:-%℃ ab𠮷", max_size=80)
_PLACES = st.text("沙溪璜泾镇村1", min_size=1, max_size=12)
_INFOS = st.builds(
    Info,
    event=_WORDS,
    headline=_WORDS,
    description=_WORDS,
    instruction=_WORDS,
    sender_name=_WORDS,
    colour=st.sampled_from(["", "Red"]),
    areas=st.lists(st.builds(AffectedArea, _PLACES), min_size=1, max_size=4).map(tuple),
)
_BUDGETS = st.builds(Budget, octets=st.integers(0, 500), seconds=st.floats(0, 120))
_READABLE = [name for name in FORMS if name != "cap"]
_OPENINGS = {Traffic.EXERCISE: "演练", Traffic.TEST: "测试", Traffic.SYSTEM: "系统"}


def message(info: Info, traffic: Traffic, action: Action) -> Message:
    content = content_of(GOOD.encode())
    return message_of(msgspec.structs.replace(content, infos=(info,), traffic=traffic, action=action))


@pytest.mark.parametrize("form", _READABLE)
@given(info=_INFOS, traffic=st.sampled_from(Traffic), action=st.sampled_from([Action.NEW, Action.UPDATE, Action.CANCEL]), budget=_BUDGETS)
@settings(max_examples=40, deadline=None)
def test_mark_area_and_action_are_whole_or_there_is_no_rendition(
    form: str, info: Info, traffic: Traffic, action: Action, budget: Budget
) -> None:
    """Whatever the budget: the exercise mark at both ends, the area, what to do; else an error, never a shorter order."""
    subject = message(info, traffic, action)
    said = phrases(subject)
    with contextlib.suppress(FormatError):
        made = FORMS[form].render(subject, budget)
        is_spoken = form in SPOKEN_FORMS
        heard = spoken if is_spoken else str
        mark = _OPENINGS.get(traffic, "")
        end = f"{mark}消息。" if traffic is Traffic.SYSTEM else f"{mark}。" if mark else ""
        first, last = (mark, end) if is_spoken else (said.mark, said.mark)
        assert heard(said.told[0].area) in made.text
        assert heard(said.told[0].action) in made.text
        assert said.action_mark.strip("【】") in made.text
        assert (True, True) == (first in made.text[:10], made.text.endswith(last))
        assert made == FORMS[form].render(subject, budget)


@pytest.mark.parametrize("form", ["70 characters", "140 octets", "speech", "loudspeaker", "ebm", "radio"])
@given(info=_INFOS, budget=_BUDGETS)
@settings(max_examples=40, deadline=None)
def test_what_is_missing_is_named(form: str, info: Info, budget: Budget) -> None:
    """A phrase of the message is in the rendition, or its name is in what was left out."""
    subject = message(info, Traffic.ACTUAL, Action.NEW)
    said = phrases(subject)
    heard = spoken if form in SPOKEN_FORMS else str
    with contextlib.suppress(FormatError):
        made = FORMS[form].render(subject, budget)
        told = said.told[0]
        for name, words in (("time", told.time), ("issuer", told.issuer), ("description", told.quotation)):
            assert heard(words) in made.text or name in made.left_out


def test_the_good_alert_has_every_form() -> None:
    """Only one short message is too small for some; here all are made, and only a voice takes seconds."""
    subject = message_of(content_of(GOOD.encode()))
    made = {name: form.render(subject, form.budget) for name, form in FORMS.items()}
    assert ["speech", "loudspeaker"] == [name for name, rendition in made.items() if seconds_of(rendition)]
    assert 70 >= len(made["70 characters"].text)


_HERE = AffectedArea("沙溪镇", geocodes=(Geocode("mca", "320585110"),))
_THERE = AffectedArea("浮桥镇", geocodes=(Geocode("mca", "320585103"),))
_STAY = Info(event="台风", headline="台风红色预警", instruction="留在室内。", areas=(_HERE,), expires=SENT + timedelta(hours=6))
_LEAVE = Info(event="台风", headline="台风红色预警", instruction="立即撤离。", areas=(_THERE,), expires=SENT + timedelta(hours=2))


def several(*infos: Info) -> Message:
    return message_of(msgspec.structs.replace(content_of(GOOD.encode()), infos=infos))


@pytest.mark.parametrize("form", _READABLE)
def test_different_instructions_in_one_language_are_all_said_each_with_its_area(form: str) -> None:
    """Or nothing is: whoever is in the second area must never get the words of the first as his own (CAP 1.2 §3.2.2)."""
    text = FORMS[form].render(several(_STAY, _LEAVE), FORMS[form].budget).text
    places = [text.index(words) for words in ("沙溪镇", "留在室内", "浮桥镇", "立即撤离")]
    assert sorted(places) == places
    if form not in ("sheet", "json"):
        with contextlib.suppress(FormatError):
            assert "立即撤离" in FORMS[form].render(several(_STAY, _LEAVE), Budget(octets=60, seconds=6.0)).text


def test_each_instruction_has_its_own_end() -> None:
    """The first is not valid for longer than its issuer says because the second is."""
    text = FORMS["sms"].render(several(_STAY, _LEAVE), Budget()).text
    assert text.index("14时00分") < text.index("浮桥镇") < text.index("10时00分")


def test_a_translation_is_no_second_instruction() -> None:
    """The same place in another language is not said twice; a place of which only that language speaks is."""
    in_english = Info(language="en", event="Typhoon", headline="Typhoon", instruction="Stay indoors.", areas=(_HERE,))
    elsewhere = msgspec.structs.replace(in_english, areas=(_THERE,))
    alone, both = (FORMS["sms"].render(several(_STAY, english), Budget()).text for english in (in_english, elsewhere))
    assert "Stay" not in alone
    assert "区域：浮桥镇。措施：Stay indoors." in both


def test_an_instruction_without_an_area_is_not_read_as_that_of_the_area_before_it() -> None:
    """It says that its source names none."""
    text = FORMS["sms"].render(several(_STAY, msgspec.structs.replace(_LEAVE, areas=())), Budget()).text
    assert "区域：未写明区域。措施：立即撤离。" in text


def test_what_machines_get_has_every_area_and_headline() -> None:
    """JSON for a webhook and a device, and the frame for an endpoint; figures alone say one instruction, so that they are none for two."""
    message = several(_STAY, msgspec.structs.replace(_LEAVE, headline="台风橙色预警"))
    body = msgspec.json.decode(json_body(message).data)
    assert ("台风红色预警、台风橙色预警", ["沙溪镇", "浮桥镇"]) == (body["headline"], [area["name"] for area in body["areas"]])
    for rung in (Rung.FULL, Rung.CORE, Rung.LINE):
        got = decode(encode(message, rung)).content.infos
        assert [("320585110",), ("320585103",)] == [tuple(code.value for area in info.areas for code in area.geocodes) for info in got]
        assert ["留在室内。", "立即撤离。"] == [info.instruction for info in got]
    with pytest.raises(FormatError, match="2 different instructions"):
        encode(message, Rung.CODE)
