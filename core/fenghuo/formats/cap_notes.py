"""What was noticed while an alert was read: repairs, which changed something, and findings, which only say so."""

from __future__ import annotations

from fenghuo.model.delivery import Verdict

__all__ = ["MAX_NOTES", "Notes"]

MAX_NOTES = 20
"""So many repairs and findings of one code are kept one by one; of the rest only the number. A hostile file could make 100,000."""


class Notes:
    """Collects repairs and findings in the order they are met. One for each alert, owned by whoever reads it."""

    def __init__(self, repairs: tuple[str, ...] = ()) -> None:
        self._repairs: dict[str, list[str]] = {}
        self._findings: dict[str, list[str]] = {}
        for text in repairs:
            code, _, path = text.partition(" at ")
            self.repair(code, path)

    def repair(self, code: str, path: str) -> None:
        """Something was changed to make sense of it. Source: wire-formats.md §1.4."""
        self._repairs.setdefault(code, []).append(path)

    def find(self, code: str, detail: str) -> None:
        """Something is odd, and was left as it is. Source: wire-formats.md §2."""
        self._findings.setdefault(code, []).append(detail)

    def place_of(self, code: str) -> str:
        """The path in the first finding of that code, which begins its sentence; empty if there is none."""
        found = self._findings.get(code)
        return found[0].split(" ", 1)[0] if found else ""

    @property
    def repairs(self) -> tuple[str, ...]:
        """Every repair as `code at path`, without repetition."""
        return tuple(f"{code} at {path}" for code, path in _listed(self._repairs))

    @property
    def findings(self) -> tuple[Verdict, ...]:
        """Every finding as a semantic verdict that is not ok."""
        return tuple(Verdict("semantic", code, False, detail) for code, detail in _listed(self._findings))


def _listed(notes: dict[str, list[str]]) -> list[tuple[str, str]]:
    listed: list[tuple[str, str]] = []
    for code, texts in notes.items():
        unique = list(dict.fromkeys(texts))
        listed += [(code, text) for text in unique[:MAX_NOTES]]
        if len(unique) > MAX_NOTES:
            listed.append((code, f"{len(unique) - MAX_NOTES} more places"))
    return listed
