"""`make release` and `make deb`: built from this tree, installed without a network, and a daemon of it answers.

Minutes, and a Debian tree from the machine's own package mirror: marked soak. Mounts are made in a namespace of the test's own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.packaging.making import debian, run
from tests.scale import TIMEOUT_SCALE

pytestmark = [
    pytest.mark.soak,
    pytest.mark.peer,
    pytest.mark.timeout(1800 * TIMEOUT_SCALE),
    pytest.mark.skipif(os.geteuid() != 0, reason="a Debian tree is made and entered by root"),
]

IN_THE_TREE = """
set -eu
T=$1
mount -t proc proc "$T/proc"
say() { echo "== $1"; }
say install;   chroot "$T" dpkg -i /tmp/fenghuo.deb
say account;   chroot "$T" id -un fenghuo
say folders;   chroot "$T" stat -c '%n %U %a' /var/lib/fenghuo /etc/fenghuo /etc/fenghuo/fenghuo.toml
say enabled;   chroot "$T" readlink /etc/systemd/system/multi-user.target.wants/fenghuo.service
say unit;      chroot "$T" systemd-analyze verify --man=no --recursive-errors=no fenghuo.service 2>&1
say settings;  chroot "$T" fenghuo config check /etc/fenghuo/fenghuo.toml
say doctor;    chroot "$T" fenghuo doctor || true
install -d -o "$(chroot "$T" id -u fenghuo)" -g "$(chroot "$T" id -g fenghuo)" "$T/run/fenghuo"
serve() { chroot --userspec=fenghuo:fenghuo "$T" /opt/fenghuo/bin/python3 -I -m fenghuo serve --config /etc/fenghuo/fenghuo.toml \\
              > "$T/tmp/ready" 2> "$T/tmp/log" & daemon=$!
          while ! grep -q ready "$T/tmp/ready"; do kill -0 $daemon; sleep 0.1; done; }
serve
say status;    chroot "$T" fenghuo status
say healthy;   chroot "$T" fenghuo doctor
kill $daemon; wait $daemon && say drained
say upgrade;   chroot "$T" dpkg -i /tmp/fenghuo.deb
serve
say again;     chroot "$T" fenghuo status
kill $daemon; wait $daemon
say purge;     chroot "$T" dpkg -P fenghuo 2>&1
say left;      ls "$T/var/lib/fenghuo/fenghuo.sqlite"; test ! -e "$T/opt/fenghuo"
say done
"""


def test_the_same_commit_gives_the_same_wheel(dist: Path) -> None:
    """Octet for octet, and every sum in SHA256SUMS is right."""
    run("sha256sum", "--check", "--quiet", "SHA256SUMS", folder=dist)
    (wheel,) = dist.glob("*.whl")
    first = wheel.read_bytes()
    run("tools/release", folder=dist.parent)
    assert first == wheel.read_bytes()
    run("tools/deb", folder=dist.parent)


def test_the_wheelhouse_installs_where_there_is_no_network(dist: Path, tmp_path: Path) -> None:
    """By hashes, from one folder, into an empty environment in a namespace without any interface; the daemon of it answers."""
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    house = dist / "wheelhouse"
    command = ("pip", "install", "--quiet", "--no-index", f"--find-links={house}", "--require-hashes", "-r", f"{house}/requirements.txt")
    run(
        "unshare",
        "--net",
        f"{tmp_path}/venv/bin/{command[0]}",
        *command[1:],
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PIP_CONFIG_FILE="/dev/null",
    )
    fenghuo = str(tmp_path / "venv" / "bin" / "fenghuo")
    assert "fenghuo 0." in run(fenghuo, "--version")
    run(fenghuo, "config", "init", str(tmp_path / "node"))
    assert "" == run(fenghuo, "config", "check", str(tmp_path / "node" / "fenghuo.toml"))


def test_the_package_installs_serves_upgrades_and_goes(dist: Path, tmp_path: Path) -> None:
    """In a fresh Debian 12 tree: the account, the folders, the unit; a first node that answers; messages and audit stay after a purge."""
    tree = debian(tmp_path / "tree", "python3,systemd,procps")
    (package,) = dist.glob("*.deb")
    (tree / "tmp" / "fenghuo.deb").write_bytes(package.read_bytes())
    (tmp_path / "steps").write_text(IN_THE_TREE, encoding="utf-8")
    said = run("unshare", "--mount", "bash", str(tmp_path / "steps"), str(tree))
    steps = {part.split("\n", 1)[0]: part.split("\n", 1)[1] for part in said.split("== ")[1:]}
    assert "fenghuo\n" == steps["account"]
    assert "/var/lib/fenghuo fenghuo 700\n/etc/fenghuo root 750\n/etc/fenghuo/fenghuo.toml root 640\n" == steps["folders"]
    assert ("", "") == (steps["unit"], steps["settings"])
    assert steps["doctor"].startswith("daemon-silent:")
    assert "ready since" in steps["status"]
    assert "nothing found at /etc/fenghuo/fenghuo.toml\n" == steps["healthy"]
    assert "ready since" in steps["again"]
    assert "done" in steps
