"""What was noticed while an alert was read: repairs, which changed something, and findings, which only say so."""

from __future__ import annotations

from fenghuo.model.delivery import Verdict

__all__ = ["MAX_NOTES", "Notes"]

MAX_NOTES = 20
"""So many repairs and findings of one code are kept one by one; of the rest only the number. A hostile file could make 100,000."""


class Notes:
    """Collects repairs and findings in the order they are met. One for each alert, owned by whoever reads it."""

    def __init__(self, repairs: tuple[str, ...] = ()) -> None:
        self._repairs: dict[str, _Places] = {}
        self._findings: dict[str, _Places] = {}
        for text in repairs:
            code, _, path = text.partition(" at ")
            self.repair(code, path)

    def repair(self, code: str, path: str) -> None:
        """Something was changed to make sense of it. Source: wire-formats.md §1.4."""
        self._repairs.setdefault(code, _Places()).add(path)

    def find(self, code: str, detail: str) -> None:
        """Something is odd, and was left as it is. Source: wire-formats.md §2."""
        self._findings.setdefault(code, _Places()).add(detail)

    def place_of(self, code: str) -> str:
        """The path in the first finding of that code, which begins its sentence; empty if there is none."""
        found = self._findings.get(code)
        return found.texts[0].split(" ", 1)[0] if found else ""

    @property
    def repairs(self) -> tuple[str, ...]:
        """Every repair as `code at path`, without repetition."""
        return tuple(f"{code} at {path}" for code, places in self._repairs.items() for path in places.texts)

    @property
    def findings(self) -> tuple[Verdict, ...]:
        """Every finding as a semantic verdict that is not ok."""
        return tuple(Verdict("semantic", code, False, detail) for code, places in self._findings.items() for detail in places.texts)


class _Places:
    """Where something was met: the first places by name, the rest as a number."""

    def __init__(self) -> None:
        self._named: dict[str, None] = {}
        self._more = 0

    def add(self, text: str) -> None:
        if len(self._named) < MAX_NOTES:
            self._named[text] = None
        elif text not in self._named:
            self._more += 1

    @property
    def texts(self) -> list[str]:
        return [*self._named, *([f"{self._more} more places"] if self._more else [])]
