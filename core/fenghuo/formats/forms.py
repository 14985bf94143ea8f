"""Every form that a message can take here, each with the budget that a reader knows it by: what a preview shows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from fenghuo.formats.renditions import cap_body, radio_text, sms_text
from fenghuo.formats.renditions_broadcast import broadcast_text
from fenghuo.formats.renditions_gb import gb_text
from fenghuo.formats.renditions_spoken import SPOKEN_FORMS, loudspeaker_text, speech_text
from fenghuo.formats.sheet import sheet_body
from fenghuo.formats.spoken import spoken_s
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget, Rendition

__all__ = ["FORMS", "Form", "seconds_of"]


class Form(msgspec.Struct, frozen=True):
    """How a form is made. `budget`: what limits it where no channel says otherwise; `says`: what it is for."""

    render: Callable[[Message, Budget], Rendition]
    budget: Budget
    says: str


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "70 characters": Form(sms_text, Budget(octets=140), "one short message"),
        "140 octets": Form(gb_text, Budget(octets=140), "one cell of a narrow bearer or a sign, GB 18030"),
        "sms": Form(sms_text, Budget(), "short messages, as many as it takes"),
        "radio": Form(radio_text, Budget(), "readable text by packet radio"),
        "speech": Form(speech_text, Budget(), "read aloud to one listener"),
        "loudspeaker": Form(loudspeaker_text, Budget(), "read aloud to a village"),
        "cap": Form(cap_body, Budget(), "CAP 1.2"),
        "ebm": Form(broadcast_text, Budget(), "the text of an emergency broadcast message"),
        "sheet": Form(sheet_body, Budget(), "a task sheet on paper"),
    }
)


def seconds_of(rendition: Rendition) -> float:
    """Seconds that a voice takes for it; 0 for what is not spoken."""
    return spoken_s(rendition.text) if rendition.form.partition("/")[0] in SPOKEN_FORMS else 0.0
