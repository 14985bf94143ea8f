"""The narrow link: sealing, fragments, selective repeat, slotted acks; sans-I/O. Empty until its issue comes."""

from __future__ import annotations

__all__: list[str] = []
