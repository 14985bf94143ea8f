"""Prints the statements of tables as a new migration has them: `python tests/core/store/freeze_schema.py frame_counter`."""

from __future__ import annotations

import sys

from fenghuo.store.tables import TABLES


def main(names: list[str]) -> None:
    """The body of a module in core/fenghuo/store/migrations."""
    statements = [statement for name in names for statement in TABLES[name].ddl()]
    sys.stdout.write("STATEMENTS = (\n" + "".join(f'    """{statement}""",\n' for statement in statements) + ")\n")


if __name__ == "__main__":
    main(sys.argv[1:])
