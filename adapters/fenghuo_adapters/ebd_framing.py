"""The packet of the emergency broadcast interface: a TAR of an envelope, its signature, and programme files. Octets in, octets out.

Names: `EBDB_<EBDID>.xml` the envelope, `EBDS_EBDB_<EBDID>.xml` its signature. Source: GD/J 083-2018, GY/T 384-2023 (platform interface).
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from fenghuo.errors import FrameError

__all__ = ["MOST_FILES", "MOST_OCTETS", "Packet", "pack", "unpack"]

MOST_OCTETS = 16 * 1024 * 1024
"""Longest packet, octets: a quarter of an hour of speech, and far beyond any envelope."""
MOST_FILES = 32
_ENVELOPE = re.compile(r"EBDB_(\d{36}|\d{41})\.xml")
_SIGNATURE = "EBDS_"
_NAME = re.compile(r"[\w\-.]{1,120}")
_OWNER_READS = 0o400


@dataclass(frozen=True, slots=True)
class Packet:
    """One envelope. `id`: its EBDID, as the name of the file says; `signature`: empty where there is none; `files`: programmes by name."""

    id: str
    envelope: bytes
    signature: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)


def pack(packet: Packet) -> bytes:
    """The packet as a TAR. Deterministic: no clock and no user of this machine goes into it."""
    whole = io.BytesIO()
    name = f"EBDB_{packet.id}.xml"
    members = {name: packet.envelope, **({_SIGNATURE + name: packet.signature} if packet.signature else {}), **packet.files}
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for member, octets in members.items():
            head = tarfile.TarInfo(member)
            head.size, head.mode = len(octets), _OWNER_READS
            tar.addfile(head, io.BytesIO(octets))
    return whole.getvalue()


def unpack(raw: bytes) -> Packet:
    """The packet in a TAR, of which nothing ever touches a disk.

    Raises: FrameError with code too-large, not-tar, too-many, link (anything but a plain file), name (a path, or odd characters),
    twice, no-envelope or many-envelopes.
    """
    if len(raw) > MOST_OCTETS:
        raise FrameError(f"the packet has {len(raw)} octets; at most {MOST_OCTETS} are read", code="too-large")
    members = _members(raw)
    envelopes = [found for name in members if (found := _ENVELOPE.fullmatch(name))]
    if len(envelopes) != 1:
        code = "many-envelopes" if envelopes else "no-envelope"
        raise FrameError(f"the packet holds {len(envelopes)} files EBDB_<EBDID>.xml; it must be one", code=code)
    name = envelopes[0][0]
    envelope, signature = members.pop(name), members.pop(_SIGNATURE + name, b"")
    return Packet(envelopes[0][1], envelope, signature, members)


def _members(raw: bytes) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as tar:
            for head in tar:
                members[_name_of(head, members)] = _content(raw, head)
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as broken:
        raise FrameError(f"the packet is no TAR: {broken}", code="not-tar") from broken
    return members


def _content(raw: bytes, head: tarfile.TarInfo) -> bytes:
    """Raises: FrameError: the packet ends before it does."""
    said = head.pax_headers.get("size", "")  # one that is no number is 0 to the library, and an empty envelope is what nobody sent
    if said and said != str(head.size):
        raise FrameError(f"the packet says that {head.name!r} has {said[:20]!r} octets", code="not-tar")
    content = raw[head.offset_data : head.offset_data + head.size]
    if len(content) != head.size:
        raise FrameError(f"the packet ends within {head.name!r}", code="not-tar")
    return content


def _name_of(head: tarfile.TarInfo, members: Mapping[str, bytes]) -> str:
    """Raises: FrameError: not a plain file of this very packet."""
    name = head.name.removeprefix("./")
    if not head.isreg() or head.issparse():
        raise FrameError(f"{head.name!r} in the packet is no plain file", code="link", where=head.name)
    if not _NAME.fullmatch(name) or name.startswith("."):
        raise FrameError(f"{head.name!r} in the packet is no name of a file without folders", code="name", where=head.name)
    if name in members:
        raise FrameError(f"{name} stands in the packet twice", code="twice", where=name)
    if len(members) >= MOST_FILES:
        raise FrameError(f"the packet holds more than {MOST_FILES} files", code="too-many")
    return name
