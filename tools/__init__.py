"""What the Makefile calls; no part of the product."""

from __future__ import annotations
