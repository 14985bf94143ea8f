"""Writes the JSON Schemas of the files that operators and programs write: rules, messages, profiles of modes, scenarios.

    python -m tools.reference_schemas          write docs/reference/*.schema.json anew

A test compares them with the code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fenghuo.engine.modes_profile import profile_schema
from fenghuo.engine.rules import rules_schema
from fenghuo.formats.message_json import schema as message_schema
from fenghuo.rig.scenario.schema import scenario_schema

__all__ = ["FOLDER", "schemas", "text"]

FOLDER = Path(__file__).parent.parent / "docs" / "reference"


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by its file name."""
    return {
        "rules.schema.json": rules_schema(),
        "message.schema.json": message_schema(),
        "modes.schema.json": profile_schema(),
        "scenario.schema.json": scenario_schema(),
    }


def text(schema: dict[str, Any]) -> str:
    """A schema as it is kept: sorted and indented, so that a difference reads well."""
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    for name, schema in schemas().items():
        (FOLDER / name).write_text(text(schema), encoding="utf-8")
