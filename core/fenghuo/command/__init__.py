"""What a command post does with messages: incidents, duty, plans, exercises. Empty until its issue comes."""

from __future__ import annotations

__all__: list[str] = []
