"""What one document costs the processor, beside the bare libraries under it: `python -m bench.codecs`."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from functools import partial

import msgspec
from lxml import etree

from bench.report import Row, against, alone, table
from fenghuo.engine.routing import route
from fenghuo.engine.rules import Ladder, Match, Rule, RuleBook, Rung
from fenghuo.formats.cap_schema import schema_verdict
from fenghuo.formats.decode import decode, decode_json
from fenghuo.formats.message_json import MessageJson
from fenghuo.model.audience import Audience
from fenghuo.model.directory import Directory
from fenghuo.model.message import Message, MessageId, content_hash
from fenghuo.model.traffic import Priority

__all__ = ["run"]

TEXT = "火警：人民路12号三层起火，请立即出动。" * 16
ORDER = msgspec.json.encode({"to": ["r1"], "text": TEXT, "priority": "P2", "kind": "Dispatch"})
ALERT = f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>a</identifier><sender>met</sender>
<sent>2026-07-15T08:00:00+08:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>zh-CN</language><category>Met</category><event>台风</event><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Likely</certainty><expires>2026-07-16T08:00:00+08:00</expires><headline>台风预警</headline><description>{TEXT}</description>
<area><areaDesc>太仓市</areaDesc><geocode><valueName>mca</valueName><value>320585</value></geocode></area></info></alert>""".encode()
ROUNDS, TIMES = 5, 500


def run() -> list[Row]:
    """Microseconds each, the best of five rounds."""
    decoder = msgspec.json.Decoder(MessageJson)
    json_us, bare_us = _us(lambda: decode_json(ORDER)), _us(lambda: decoder.decode(ORDER))
    cap_us, schema_us = _us(lambda: decode(ALERT, "application/cap+xml")), _us(lambda: schema_verdict(etree.fromstring(ALERT)))
    message, directory = _message(), Directory()
    ten, thousand, most = (_us(partial(route, message, _book(count), directory), 20) for count in (10, 1_000, 10_000))
    return [
        against("JSON, read and judged", json_us, "us", yardstick="bare msgspec", other=bare_us, goal=("<=", 2.0)),
        alone("JSON, read and judged", json_us, "us", goal=("<=", 4.0)),
        against("CAP, read and judged", cap_us, "us", yardstick="lxml with the schema", other=schema_us, goal=("<=", 1.7)),
        alone("CAP, read and judged", cap_us, "us", goal=("<=", 50.0)),
        alone("1,000 rules", thousand, "us", goal=("<=", 2.0)),
        against("10,000 rules", most, "us", yardstick="10 rules", other=ten, goal=("<=", 1.5)),
    ]


def _us(work: Callable[[], object], times: int = TIMES) -> float:
    work()
    return 1e6 * min(timeit.repeat(work, number=times, repeat=ROUNDS)) / times


def _message() -> Message:
    content = decode_json(ORDER)[0].content
    assert content is not None
    return Message(MessageId("M"), 1, content, Priority.P2, content_hash(content), 0.0, 1.0)


def _book(count: int) -> RuleBook:
    """Rules of which the last alone is for the message."""
    others = (Rule(f"r{n}", Audience("a"), "l", Match(event_code=(f"{n:05d}",))) for n in range(count - 1))
    return RuleBook({"l": Ladder((Rung(("hook",)),))}, (*others, Rule("last", Audience("a"), "l", Match(kind=("Dispatch",)))))


def main() -> None:
    """`python -m bench.codecs`: this part alone."""
    print(table(run()))


if __name__ == "__main__":
    main()
