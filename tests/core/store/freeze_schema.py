"""Writes the first migration from the tables: `python tests/core/store/freeze_schema.py`. Only until the first release."""

from __future__ import annotations

from pathlib import Path

from fenghuo.store.migrations import m0001_first
from fenghuo.store.tables import TABLES

HEAD = '''"""The first schema."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
'''


def main() -> None:
    """Replace the module by what the tables say now."""
    statements = [statement for table in TABLES.values() for statement in table.ddl()]
    body = "".join(f'    """{statement}""",\n' for statement in statements)
    Path(m0001_first.__file__).write_text(f"{HEAD}{body})\n", encoding="utf-8")


if __name__ == "__main__":
    main()
