"""Writes docs/reference/console.asyncapi.json anew from the classes of the frames: `python -m tools.console_asyncapi`.

The examples are those of docs/reference/console.examples.json, which both ends are tested with. Source: AsyncAPI 3.0.0.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.formats.console_frames import FROM_CONSOLE, FROM_SERVER, PROTOCOL, Close, Frame

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
TEMPLATE = "#/components/schemas/{name}"


def document(examples: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The whole document: one channel, what the server sends on it and what it takes."""
    kinds = (*FROM_CONSOLE, *FROM_SERVER)
    refs, schemas = msgspec.json.schema_components(kinds, ref_template=TEMPLATE)
    messages = {kind.__name__: _message(kind, ref, examples) for kind, ref in zip(kinds, refs, strict=True)}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": PROTOCOL, "version": "1.0.0", "description": _description()},
        "defaultContentType": "application/json",
        "channels": {
            "console": {
                "address": "/ws/console",
                "description": f"A WebSocket with the sub-protocol {PROTOCOL}; one JSON object in each text frame, `t` names its type.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {"tell": _operation("send", FROM_SERVER), "take": _operation("receive", FROM_CONSOLE)},
        "components": {"messages": messages, "schemas": schemas},
    }


def _operation(action: str, kinds: tuple[type[Frame], ...]) -> dict[str, Any]:
    refs = [{"$ref": f"#/channels/console/messages/{kind.__name__}"} for kind in kinds]
    return {"action": action, "channel": {"$ref": "#/channels/console"}, "messages": refs}


def _message(kind: type[Frame], ref: dict[str, Any], examples: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    tag = str(kind.__struct_config__.tag)
    return {
        "name": tag,
        "summary": " ".join((inspect.getdoc(kind) or "").split()),
        "payload": ref,
        "examples": [{"payload": example} for example in examples[tag]],
    }


def _description() -> str:
    closes = ", ".join(f"{close.value} {close.name.lower().replace('_', ' ')}" for close in Close)
    return f"What a console of Fenghuo and its daemon say to each other. The daemon closes with: {closes}. See console-protocol.md."


def read_examples() -> dict[str, list[dict[str, Any]]]:
    """The golden frames by their type."""
    found: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "console.examples.json").read_text(encoding="utf-8"))
    return found


def text() -> str:
    """As the file holds it."""
    return json.dumps(document(read_examples()), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    (FOLDER / "console.asyncapi.json").write_text(text(), encoding="utf-8")
