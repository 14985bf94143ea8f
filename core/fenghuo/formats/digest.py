"""Several texts to one person as one (汇总): each whole, in its order, with its number; as many as fit. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fenghuo.formats.wording import TRAFFIC_MARKS
from fenghuo.model.rendition import Rendition

__all__ = ["FORMS", "digest", "fitting"]

FORMS = frozenset({"sms", "radio"})
"""What a person reads as it comes; a machine's form says all or nothing."""
_OCTETS = 1_200
"""Where the form has no limit: ten short messages of Chinese, or ten seconds on a frequency of the tests."""
_UTF16 = frozenset({"sms"})


def fitting(texts: Sequence[Rendition]) -> int:
    """How many of them, from the first on, go into one; 0 or 1: none can be joined. All are of one form, the first one's."""
    name, _, octets = texts[0].form.partition("/")
    if name not in FORMS or not texts[0].media_type.startswith("text/plain"):
        return 0
    limit = int(octets or _OCTETS)
    count = 1
    while count < len(texts) and _size(_joined(texts[: count + 1]), name) <= limit:
        count += 1
    return count


def digest(texts: Sequence[Rendition]) -> Rendition:
    """All of them as one rendition of their form."""
    if len(texts) == 1:
        return texts[0]
    text = _joined(texts)
    return msgspec.structs.replace(texts[0], text=text, data=text.encode(), left_out=())


def _joined(texts: Sequence[Rendition]) -> str:
    """The mark of the traffic, which all of them have, once and in front."""
    lead = next((known for known in TRAFFIC_MARKS.values() if texts[0].text.startswith(known)), "")
    bodies = (one.text.removeprefix(lead) for one in texts)
    return f"{lead}【汇总{len(texts)}条】" + "\n".join(f"{place}. {body}" for place, body in enumerate(bodies, 1))


def _size(text: str, form: str) -> int:
    return len(text.encode("utf-16-be")) if form in _UTF16 else len(text.encode())
