"""What a command post does with messages: incidents, duty, plans, exercises."""

from __future__ import annotations

__all__: list[str] = []
