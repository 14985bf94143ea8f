"""Writes the test vectors of the compact frame: `python -m tools.compact_vectors`. Only for a new version or a new dictionary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.formats.compact import Bitmap, Fault, ReceiptNote, Rung, carried, encode, encode_answer
from fenghuo.formats.compact_bits import BitWriter
from fenghuo.formats.compact_spelling import TextWriter
from fenghuo.formats.compact_words import dictionary
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import AffectedArea, Content, Geocode, Info, Message, MessageId, Parameter, Reference, content_hash
from fenghuo.model.traffic import Action, Kind, Priority, Traffic

PATH = Path(__file__).resolve().parent.parent / "docs/compact-frame-vectors.json"
SENT = datetime(2026, 7, 15, 0, 30, tzinfo=UTC)
RING = ((31.5, 121.0), (31.62, 121.0), (31.6, 121.2051), (31.5, 121.0))

TEXTS = (
    "",
    "请注意防范。",
    "太仓市气象台2026年07月15日08时30分发布大风蓝色预警。",
    "【演练】请沙溪镇立即组织低洼地区群众转移。【演练】",
    "龘𠮷〇 is rare",
    "Flash Flood Warning",
    " A BLANK\nfirst, THEN A break",
    "转移 213/213，转移 213/213",
)


def alert() -> Content:
    """A blue wind warning for one town."""
    info = Info(
        categories=("Met",),
        event="大风",
        response_types=("Prepare",),
        severity="Minor",
        colour="Blue",
        event_codes=(Geocode("12379", "11B06"),),
        expires=SENT + timedelta(hours=24),
        sender_name="太仓市气象台",
        headline="太仓市气象台发布大风蓝色预警",
        description="预计未来24小时，我市大部分地区将出现5级左右偏北风，阵风6到7级。请注意防范。",
        areas=(AffectedArea("沙溪镇", geocodes=(Geocode("mca", "320585110"),)),),
    )
    return _content(Kind.ALERT, sender="32058541600000", identifier="32058541600000_20260715083000", infos=(info,))


def with_parameters(count: int) -> Content:
    """The same with what machines read besides: `count` of it."""
    (info,) = alert().infos
    parameters = tuple(Parameter(f"method:SMS{number}", f"大风蓝色预警{number}") for number in range(count))
    return msgspec.structs.replace(alert(), infos=(msgspec.structs.replace(info, parameters=parameters),))


def exercise() -> Content:
    """An order to act, as an exercise."""
    info = Info(
        headline="调度指令",
        description="请立即组织低洼地区群众转移到镇避险点，转移人数每小时报告一次。",
        expires=SENT + timedelta(hours=6),
        areas=(AffectedArea("", geocodes=(Geocode("mca", "320585110"), Geocode("mca", "320585111"))),),
    )
    return _content(Kind.DISPATCH, traffic=Traffic.EXERCISE, infos=(info,), to=("area:mca:320585110",), needed="HUMAN", deadline_s=900.0)


def shape() -> Content:
    """An alert in English over a shape."""
    info = Info(
        language="en-US",
        event="Gas Leak",
        urgency="Immediate",
        severity="Severe",
        instruction="Close all windows. Move upwind.",
        areas=(AffectedArea("", polygons=(RING,)),),
    )
    return _content(Kind.ALERT, sender="fire@example.org", identifier="G-7", sent=SENT + timedelta(seconds=17), infos=(info,))


def cancel() -> Content:
    """A Cancel that says nothing but what it ends and why."""
    return _content(Kind.ALERT, action=Action.CANCEL, references=(Reference("32058541600000_20260715083000"),), note="误发")


def _content(kind: Kind, **said: Any) -> Content:
    plain = Content(kind=kind, action=Action.NEW, traffic=Traffic.ACTUAL, sender="", identifier="", sent=SENT)
    return msgspec.structs.replace(plain, **said)


def message(content: Content, *, revision: int) -> Message:
    """As intake makes it."""
    ends = (content.expires or content.sent + timedelta(hours=24)).timestamp()
    sent = content.sent.timestamp()
    return Message(
        MessageId("01K06FQ8W0ZZZZZZZZZZZZZZZZ"), revision, content, Priority.P1, content_hash(content), sent + 1, ends, number=123
    )


def text_vector(text: str, words: int) -> dict[str, Any]:
    bits = BitWriter()
    TextWriter(bits, dictionary(words)).text(text)
    return {"text": text, "dictionary": words, "octets": bits.octets().hex()}


def frame_vector(name: str, said: Message, rung: Rung, words: int) -> dict[str, Any]:
    frame = encode(said, rung, words=words)
    arrives = msgspec.to_builtins(carried(said, rung, words=words))
    return {
        "name": f"{name}, {rung.name}, dictionary {words}",
        "rung": rung.name,
        "dictionary": words,
        "message": msgspec.to_builtins(said),
        "octets": frame.octets().hex(),
        "arrives": arrives,
    }


def answer_vector(answer: ReceiptNote | Bitmap) -> dict[str, Any]:
    frame = encode_answer(answer, Traffic.ACTUAL, words=1)
    return {"kind": frame.kind.name, "answer": msgspec.to_builtins(answer), "octets": frame.octets().hex()}


def vectors() -> dict[str, Any]:
    """All of them: texts, frames, answers."""
    cases = {"alert": (alert(), 1), "order as exercise": (exercise(), 1), "shape": (shape(), 1), "cancel": (cancel(), 2)}
    details = {"parameters that fit": with_parameters(2), "parameters that do not": with_parameters(80)}
    return {
        "texts": [text_vector(text, words) for text in TEXTS for words in (1, 0)],
        "frames": [
            frame_vector(name, message(content, revision=revision), rung, words)
            for name, (content, revision) in cases.items()
            for rung in Rung
            for words in ((1, 0) if rung is Rung.CORE else (1,))
        ]
        + [frame_vector(name, message(content, revision=1), Rung.FULL, 1) for name, content in details.items()],
        "answers": [
            answer_vector(ReceiptNote(0x559AEAD0, 123, 1, Evidence.DEVICE, at_s=4)),
            answer_vector(ReceiptNote(0x559AEAD0, 123, 1, Evidence.DONE, at_s=5400, text="转移213/213")),
            answer_vector(ReceiptNote(0x559AEAD0, 123, 1, Evidence.STORED, Fault.UNKNOWN_DICTIONARY)),
            answer_vector(Bitmap(0x559AEAD0, 123, 1, Evidence.DEVICE, 0, (True,) * 7 + (False, True, True))),
        ],
    }


def main() -> None:
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(vectors()), indent=1) + b"\n")


if __name__ == "__main__":
    main()
