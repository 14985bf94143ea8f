"""What a look at a node finds: a sentence, why it matters, and the command that mends it."""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec

__all__ = ["Finding", "quoted"]


class Finding(msgspec.Struct, frozen=True):
    """`cause`: a stable word for scripts; `says`: what was found, naming the file, device or key; `mend`: one command for a shell."""

    cause: str
    says: str
    mend: str


def quoted(*words: str | Path) -> str:
    """Words as a shell takes them."""
    return shlex.join(str(word) for word in words)
