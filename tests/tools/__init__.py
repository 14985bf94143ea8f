"""The tests of what the Makefile calls."""

from __future__ import annotations
