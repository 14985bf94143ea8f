"""The example plugins, and the pages that quote them."""

from __future__ import annotations
