"""Semantic findings on an alert that was read: what is odd about it, without changing the outcome. Source: wire-formats.md §2."""

from __future__ import annotations

from fenghuo.formats.cap_notes import Notes
from fenghuo.model.message import Content

__all__ = ["check"]


def check(content: Content, notes: Notes) -> None:
    """Every finding on `content` goes to `notes`."""
