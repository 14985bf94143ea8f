"""TLS of the web port, where the files cannot be read by who asks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fenghuo.formats.table_reading import Faults
from fenghuo.service.settings_tables import WebTable
from fenghuo.service.settings_tls import read_tls


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone becomes another account, and comes back")
def test_files_of_another_account_are_a_sentence(tmp_path: Path) -> None:
    """A service whose certificate root has made is told which file, and what makes it its own; it was taken for a bug of ours."""
    files = {name: tmp_path / name for name in ("server.pem", "server.key", "ca.pem")}
    for file in files.values():
        file.write_bytes(b"")
        file.chmod(0o600)
    table = WebTable(
        "127.0.0.1:0", certificate=str(files["server.pem"]), private_key_file=str(files["server.key"]), client_ca=str(files["ca.pem"])
    )
    faults = Faults("fenghuo.toml")
    os.seteuid(4711)
    try:
        read_tls(table, "127.0.0.1", faults, Path)
    finally:
        os.seteuid(0)
    says = "cannot be read by this account: Permission denied; give it to the owner of the state folder"
    keys = {"certificate": "server.pem", "private_key_file": "server.key", "client_ca": "ca.pem"}
    assert [f"fenghuo.toml: web.{key} at {files[name]} {says}" for key, name in keys.items()] == faults.found
