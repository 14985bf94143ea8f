"""What every form keeps, whatever the message."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.errors import FormatError
from fenghuo.formats.forms import FORMS, seconds_of
from fenghuo.formats.renditions_spoken import SPOKEN_FORMS
from fenghuo.formats.spoken import spoken
from fenghuo.formats.wording import phrases
from fenghuo.model.message import AffectedArea, Info, Message
from fenghuo.model.rendition import Budget
from fenghuo.model.traffic import Action, Traffic
from tests.core.formats.alerts import GOOD, content_of, message_of

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
        assert heard(said.area) in made.text
        assert heard(said.action) in made.text
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
        for name, words in (("time", said.time), ("issuer", said.issuer), ("description", said.quotation)):
            assert heard(words) in made.text or name in made.left_out


def test_the_good_alert_has_every_form() -> None:
    """Only one short message is too small for some; here all are made, and only a voice takes seconds."""
    subject = message_of(content_of(GOOD.encode()))
    made = {name: form.render(subject, form.budget) for name, form in FORMS.items()}
    assert ["speech", "loudspeaker"] == [name for name, rendition in made.items() if seconds_of(rendition)]
    assert 70 >= len(made["70 characters"].text)
