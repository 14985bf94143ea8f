"""Packets of the emergency broadcast interface: `tar` opens ours, and what is no such packet is refused before anything is made of it."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo_adapters.ebd_framing import MOST_OCTETS, Packet, pack, unpack
from tests.scale import PATIENCE_S

ID = "010103331124000000010000000000000042"
PACKET = Packet(ID, b"<EBD/>", b"<Signature/>", {"speech.mp3": b"\xff\xfb" * 700})


def tar(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    """A TAR as anybody might send it."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as made:
        for name, octets in members:
            head = tarfile.TarInfo(name)
            head.type, head.linkname, head.size = kind, target, len(octets) if kind == tarfile.REGTYPE else 0
            made.addfile(head, io.BytesIO(octets))
    return whole.getvalue()


def sized(size: str) -> bytes:
    """A packet whose envelope says its size in a pax header."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.PAX_FORMAT) as made:
        head = tarfile.TarInfo(f"EBDB_{ID}.xml")
        head.size, head.pax_headers = 1, {"size": size}
        made.addfile(head, io.BytesIO(b"x"))
    return whole.getvalue()


def base_256() -> bytes:
    """A packet whose first header has a size of 2^63 and more, in the binary form of GNU."""
    raw = bytearray(sized("1"))
    raw[124:136] = b"\x80\x00\x00\x7f" + b"\xff" * 8
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    return bytes(raw)


def test_what_is_packed_comes_out_again() -> None:
    """Twice the same octets, and no clock of this machine in them."""
    assert PACKET == unpack(pack(PACKET))
    assert pack(PACKET) == pack(PACKET)


def test_the_program_tar_opens_ours(tmp_path: Path) -> None:
    """Names and contents, by a reader that nobody here wrote."""
    (tmp_path / "packet.tar").write_bytes(pack(PACKET))
    listed = subprocess.run(
        ["tar", "-tf", "packet.tar"], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=PATIENCE_S
    ).stdout
    assert [f"EBDB_{ID}.xml", f"EBDS_EBDB_{ID}.xml", "speech.mp3"] == listed.split()
    subprocess.run(["tar", "-xf", "packet.tar"], cwd=tmp_path, check=True, timeout=PATIENCE_S)
    assert b"<Signature/>" == (tmp_path / f"EBDS_EBDB_{ID}.xml").read_bytes()
    assert PACKET.files["speech.mp3"] == (tmp_path / "speech.mp3").read_bytes()


def test_what_the_program_tar_packs_is_read(tmp_path: Path) -> None:
    """Also with the leading ./ that it writes for a folder, and without a signature."""
    (tmp_path / f"EBDB_{ID}.xml").write_bytes(b"<EBD/>")
    subprocess.run(["tar", "-cf", "packet.tar", f"./EBDB_{ID}.xml"], cwd=tmp_path, check=True, timeout=PATIENCE_S)
    assert Packet(ID, b"<EBD/>") == unpack((tmp_path / "packet.tar").read_bytes())


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not-tar"),
        (b"<html>", "not-tar"),
        (tar(("speech.mp3", b"")), "no-envelope"),
        (tar((f"EBDB_{ID}.xml", b"a"), (f"EBDB_{ID[:-1]}3.xml", b"b")), "many-envelopes"),
        (tar((f"EBDB_{ID}.xml", b"a"), (f"EBDB_{ID}.xml", b"b")), "twice"),
        (tar((f"../EBDB_{ID}.xml", b"a")), "name"),
        (tar((f"/tmp/EBDB_{ID}.xml", b"a")), "name"),
        (tar(("..", b"a")), "name"),
        (tar((f"EBDB_{ID}.xml", b""), kind=tarfile.SYMTYPE, target="/etc/passwd"), "link"),
        (tar((f"EBDB_{ID}.xml", b""), kind=tarfile.LNKTYPE, target="x"), "link"),
        (tar((f"EBDB_{ID}.xml", b""), kind=tarfile.FIFOTYPE), "link"),
        (tar(*((f"{number}.mp3", b"") for number in range(40))), "too-many"),
        (b"\0" * (MOST_OCTETS + 1), "too-large"),
        (sized("9" * 5000), "not-tar"),
        (sized("-5"), "not-tar"),
        (base_256(), "not-tar"),
    ],
)
def test_a_hostile_packet_is_refused(raw: bytes, code: str) -> None:
    """By what it is, and nothing of it touches a disk."""
    with pytest.raises(FrameError) as refused:
        unpack(raw)
    assert code == refused.value.code


@given(st.binary(max_size=2000), st.integers(0, 1500))
def test_no_octets_crash_it(octets: bytes, at: int) -> None:
    """A frame error or a packet, whatever comes."""
    sound = pack(PACKET)
    for raw in (octets, sound[:at] + octets + sound[at + len(octets) :]):
        try:
            assert isinstance(unpack(raw), Packet)
        except FrameError:
            pass
