"""The description of the console protocol is that of the classes, sound as AsyncAPI 3, and its examples are what both ends say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from fenghuo.client.console_machine import Machine
from fenghuo.formats.console_frames import FROM_CONSOLE, FROM_SERVER, Frame, Unheard, encode, from_console, from_server
from tools.console_asyncapi import FOLDER, document, read_examples, text

EXAMPLES = read_examples()
SIDES = ((FROM_CONSOLE, from_console), (FROM_SERVER, from_server))
SPECS = Path(__file__).parents[1] / "peers" / "node" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"


def test_the_file_is_what_the_classes_say() -> None:
    """`python -m tools.console_asyncapi` writes it anew."""
    assert text() == (FOLDER / "console.asyncapi.json").read_text(encoding="utf-8")


def test_every_type_has_examples_and_both_ends_read_and_write_them_the_same() -> None:
    """What an end decodes and encodes again is what came; nothing of it was passed over."""
    tags = {str(kind.__struct_config__.tag) for kinds, _ in SIDES for kind in kinds}
    assert tags == set(EXAMPLES)
    for kinds, read in SIDES:
        for kind in kinds:
            for example in EXAMPLES[str(kind.__struct_config__.tag)]:
                frame = read(json.dumps(example))
                assert (kind, example) == (type(frame), json.loads(encode(frame)))


def test_an_end_does_not_take_its_own_frames() -> None:
    """They are of an unknown type to it, and passed over."""
    for (kinds, _), (_, read) in zip(SIDES, reversed(SIDES), strict=True):
        for kind in kinds:
            assert isinstance(read(json.dumps(EXAMPLES[str(kind.__struct_config__.tag)][0])), Unheard)


def test_the_examples_are_one_conversation() -> None:
    """The client's machine goes through the server's frames and says what the client's examples say."""
    machine = Machine(token="p7hJ…", topics=("alarm", "channel"), key=lambda: EXAMPLES["cmd"][0]["key"])
    machine.opened()
    said = [json.loads(out) for tag in ("hello", "ready", "snap") for out in machine.take(json.dumps(EXAMPLES[tag][0]))]
    assert [EXAMPLES["auth"][0], EXAMPLES["sub"][0]] == said
    machine.take(json.dumps(EXAMPLES["delta"][0]))
    assert {"channel/sms-a": ({"name": "sms-a", "health": "down"}, 4712)} == {p: (r.value, r.rev) for p, r in machine.state.items()}
    machine.take(json.dumps(EXAMPLES["delta"][1]))
    assert [EXAMPLES["pong"][0]] == [json.loads(out) for out in machine.take(json.dumps(EXAMPLES["ping"][0]))]
    for _ in range(6):
        machine.command("x", {})
    number, asked = machine.command("channel.disable", EXAMPLES["cmd"][0]["args"], if_rev=4712)
    assert (7, EXAMPLES["cmd"][0]) == (number, json.loads(asked))
    machine.take(json.dumps(EXAMPLES["res"][1]))
    err = machine.answers[7].err
    assert isinstance(err, msgspec.Struct)
    assert ("conflict", "li") == (err.code, err.args["who"])


def test_the_examples_fit_the_schemas_of_their_messages() -> None:
    """As any tool that reads the document would check them."""
    whole: dict[str, Any] = document(EXAMPLES)
    for message in whole["components"]["messages"].values():
        for example in message["examples"]:
            jsonschema.validate(example["payload"], {**message["payload"], "components": whole["components"]})


@pytest.mark.skipif(not SPECS.exists(), reason="npm ci in tests/peers/node brings the schema of AsyncAPI")
def test_it_is_an_asyncapi_3_document() -> None:
    """By the schema that the AsyncAPI Initiative publishes."""
    jsonschema.validate(document(EXAMPLES), json.loads(SPECS.read_text(encoding="utf-8")), cls=jsonschema.Draft7Validator)


def test_each_frame_has_its_class() -> None:
    """No class of the wire is left out of both lists."""
    assert {*FROM_CONSOLE, *FROM_SERVER} == set(Frame.__subclasses__())
