"""Side by side with what a user would pick instead: `python -m bench`."""

from __future__ import annotations
