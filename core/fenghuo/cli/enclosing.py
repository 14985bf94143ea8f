"""A file of the command line as an attachment: read whole, within the limit, and named as a message names it."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import NamedTuple

import click

from fenghuo.model.attachment import MOST_OCTETS

__all__ = ["Enclosure", "enclosure"]


class Enclosure(NamedTuple):
    """`octets` are uploaded; `named`: what the message says of them."""

    octets: bytes
    named: dict[str, str]


def enclosure(file: Path) -> Enclosure:
    """Raises: click.UsageError: the file is empty, too large, or cannot be read."""
    try:
        size = file.stat().st_size
        octets = file.read_bytes() if size <= MOST_OCTETS else b""
    except OSError as error:
        raise click.UsageError(f"--attach {file} cannot be read: {error.strerror or error}") from error
    if size > MOST_OCTETS:
        raise click.UsageError(
            f"--attach {file} has {size} octets; an attachment may have {MOST_OCTETS} (5 MiB), so scale a picture down or split the file"
        )
    if not octets:
        raise click.UsageError(f"--attach {file} is empty; there is nothing to send")
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    named = {"digest": hashlib.sha256(octets).hexdigest(), "name": file.name[-200:], "media_type": media_type}
    return Enclosure(octets, named)
