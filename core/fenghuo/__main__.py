"""`python -m fenghuo` is the `fenghuo` command."""

from __future__ import annotations

import sys

# structlog would draw tracebacks with what a developer's tools brought along: 70 ms of processor at every start, and never used.
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # how Python is told that there is none

from fenghuo.cli.main import main  # noqa: E402  see above

__all__: list[str] = []

if __name__ == "__main__":
    main()
