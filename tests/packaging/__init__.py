"""What an administrator installs, built and installed for real."""

from __future__ import annotations
