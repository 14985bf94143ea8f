"""`fenghuo cert …`."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from fenghuo.service.certificates import describe
from tests.core.cli.conftest import Shell

SERVICE = 4711
"""The number of an account that is not root."""


def test_a_site_makes_renews_and_shows_its_certificates(shell: Shell, tmp_path: Path) -> None:
    """Files for their owner alone; a CA is never made over; what is missing, and a name that is not in it, are negative answers."""
    folder = tmp_path / "tls"
    at = ("--folder", str(folder))
    assert 65 == shell.run("cert", "show", *at).code
    said = shell.run("cert", "init", *at, "--name", "fenghuo.taicang.example").out
    assert f'private_key_file = "{folder / "server.key"}"' in said
    assert {0o600} == {file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert 0o700 == folder.stat().st_mode & 0o777
    before = (folder / "ca.pem").read_bytes()
    assert {"fenghuo.taicang.example", "127.0.0.1"} <= set(describe((folder / "server.pem").read_bytes()).names)
    assert 0 == shell.run("cert", "show", *at).code
    assert 73 == shell.run("cert", "init", *at).code
    first = (folder / "server.pem").read_bytes()
    shell.run("cert", "renew", *at)
    assert (True, True) == (first != (folder / "server.pem").read_bytes(), before == (folder / "ca.pem").read_bytes())
    config = tmp_path / "f.toml"
    config.write_text('[node]\nname = "taicang"\n[web]\nlisten = "127.0.0.1:0"\nhosts = ["other.example"]\n', encoding="utf-8")
    shown = shell.run("cert", "--config", str(config), "show", *at, "--json")
    assert (1, ["other.example"]) == (shown.code, shown.json["missing"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_makes_is_for_the_account_of_the_state_folder(shell: Shell, tmp_path: Path) -> None:
    """The service runs as another: it may read all but the key of the CA, which it has no use for, also after a renewal."""
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, SERVICE, SERVICE)
    at = ("--folder", str(state / "tls"))
    shell.run("cert", "init", *at)
    shell.run("cert", "renew", *at)
    owners = {file.name: file.stat().st_uid for file in (state / "tls").iterdir()}
    assert {"ca.pem": SERVICE, "ca.key": 0, "server.pem": SERVICE, "server.key": SERVICE} == owners
    assert SERVICE == (state / "tls").stat().st_uid


def test_a_client_gets_a_certificate_and_its_pin_is_printed(shell: Shell, tmp_path: Path) -> None:
    """For a browser with a password, for a program with its key; by another ending none."""
    at = ("--folder", str(tmp_path))
    shell.run("cert", "init", *at)
    said = shell.run("cert", "client", "meter", str(tmp_path / "meter.pem"), *at).out.strip()
    assert f"sha256 = {describe((tmp_path / 'meter.pem').read_bytes()).digest}" == said
    assert b"PRIVATE KEY" in (tmp_path / "meter.pem").read_bytes()
    said = shell.run("cert", "client", "zhang", str(tmp_path / "zhang.p12"), *at, stdin=b"Tide-table 4711\n").out.strip()
    assert re.fullmatch("sha256 = [0-9a-f]{64}", said)
    assert 0o600 == (tmp_path / "zhang.p12").stat().st_mode & 0o777
    for file, typed in (("x.p12", b"short\n"), ("x.crt", b"")):
        assert 65 == shell.run("cert", "client", "zhang", str(tmp_path / file), *at, stdin=typed).code
