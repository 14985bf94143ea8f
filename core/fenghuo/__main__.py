"""`python -m fenghuo` is the `fenghuo` command."""

from __future__ import annotations

from fenghuo.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
