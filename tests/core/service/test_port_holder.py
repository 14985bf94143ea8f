"""Who has a port."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from fenghuo.service.port_holder import holder_of

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


@pytest.mark.may_block(reason="asks the kernel who has a port")
def test_a_port_of_ours_is_ours() -> None:
    """By number and name of the process; a port where nobody listens has nobody."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert "" == holder_of("127.0.0.1", port)
        taken.listen()
        assert holder_of("127.0.0.1", port).startswith(f"process {os.getpid()} (")
        assert "" == holder_of("127.0.0.2", port)
        assert holder_of("0.0.0.0", port).startswith("process ")


def test_what_we_may_not_see_is_told_as_that(tmp_path: Path) -> None:
    """A listener at every address counts; one that is not listening does not; a process that has gone is nobody."""
    (tmp_path / "net").mkdir()
    rows = ["0: 00000000:1F59 00000000:0000 0A 0:0 0:0 0 0 0 77", "1: 0100007F:1F5A 00000000:0000 01 0:0 0:0 0 0 0 78"]
    (tmp_path / "net/tcp").write_text(HEAD + "".join(f"   {row}\n" for row in rows))
    (tmp_path / "4711").mkdir()
    assert ("a process of another account", "") == (holder_of("127.0.0.1", 0x1F59, tmp_path), holder_of("127.0.0.1", 0x1F5A, tmp_path))
    (tmp_path / "4711/fd").mkdir()
    (tmp_path / "4711/fd/3").symlink_to("socket:[77]")
    (tmp_path / "4711/comm").write_text("nginx\n")
    assert "process 4711 (nginx)" == holder_of("127.0.0.1", 0x1F59, tmp_path)
