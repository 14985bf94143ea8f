"""Writes docs/reference/settings.md and settings.schema.json anew from the code: `python -m tools.settings_reference`."""

from __future__ import annotations

import json
from pathlib import Path

from fenghuo.plugin.host import load_plugins
from fenghuo.service.settings_schema import reference, schema

FOLDER = Path(__file__).parent.parent / "docs" / "reference"


def main() -> None:
    """Both files, from the plugins that are installed."""
    host = load_plugins()
    (FOLDER / "settings.md").write_text(reference(host), encoding="utf-8")
    text = json.dumps(schema(host), ensure_ascii=False, indent=1, sort_keys=True)
    (FOLDER / "settings.schema.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
