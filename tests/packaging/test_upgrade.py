"""The Debian package over an older one, in a tree and a network of its own: what was promised before it is there after it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.packaging.making import ROOT, debian, run
from tests.scale import TIMEOUT_SCALE

pytestmark = [
    pytest.mark.soak,
    pytest.mark.peer,
    pytest.mark.timeout(1800 * TIMEOUT_SCALE),
    pytest.mark.skipif(os.geteuid() != 0, reason="a Debian tree is made and entered by root"),
]

OLDER = "0.0.1"
STEPS = r"""
set -eu
T=$1
mount -t proc proc "$T/proc"
say() { echo "== $1"; }
ip link set lo up
serve() { : > "$T/tmp/ready"
          chroot --userspec=fenghuo:fenghuo "$T" /opt/fenghuo/bin/python3 -I -m fenghuo serve --config /etc/fenghuo/fenghuo.toml \
              > "$T/tmp/ready" 2> "$T/tmp/log" & daemon=$!
          while ! grep -q ready "$T/tmp/ready"; do kill -0 $daemon || { cat "$T/tmp/log" >&2; exit 1; }; sleep 0.1; done; }
drain() { kill $daemon; wait $daemon; }
chroot "$T" dpkg -i /tmp/older.deb > "$T/tmp/said"
user=$(chroot "$T" id -u fenghuo) group=$(chroot "$T" id -g fenghuo)
say older;     chroot "$T" fenghuo --version
echo '# a line of the administrator' >> "$T/etc/fenghuo/fenghuo.toml"
install -d -o $user -g $group "$T/run/fenghuo"
serve
say promised;  chroot "$T" fenghuo alert submit /tmp/order.json --json
drain
chroot "$T" dpkg -i /tmp/fenghuo.deb > "$T/tmp/said"
say newer;     chroot "$T" fenghuo --version
say modules;   find "$T/opt/fenghuo/lib" -name 'fenghuo-*.dist-info' -printf '%f\n'
say line;      tail -n 1 "$T/etc/fenghuo/fenghuo.toml"
serve
say kept;      chroot "$T" fenghuo alert ls --json
drain
say done
"""


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of the committed tree under an earlier number, as a release of before."""
    copy = tmp_path_factory.mktemp("older") / "fenghuo"
    run("git", "clone", "--quiet", str(ROOT), str(copy))
    (copy / ".venv").symlink_to(ROOT / ".venv")
    project = copy / "pyproject.toml"
    project.write_text(re.sub(r'(?m)^version = ".+"$', f'version = "{OLDER}"', project.read_text(encoding="utf-8"), count=1))
    run("tools/release", folder=copy)
    run("tools/deb", folder=copy)
    (package,) = (copy / "dist").glob("*.deb")
    return package


def test_a_package_over_an_older_one_keeps_what_was_promised(dist: Path, older: Path, tmp_path: Path) -> None:
    """The message, the line of the administrator, one version and not two."""
    tree = debian(tmp_path / "tree", "python3,systemd,procps")
    (package,) = dist.glob("*.deb")
    for name, octets in (
        ("older.deb", older.read_bytes()),
        ("fenghuo.deb", package.read_bytes()),
        ("order.json", '{"to": ["person:wang"], "text": "升级之后仍在"}'.encode()),
    ):
        (tree / "tmp" / name).write_bytes(octets)
    (tmp_path / "steps").write_text(STEPS, encoding="utf-8")
    said = run("unshare", "--mount", "--net", "bash", str(tmp_path / "steps"), str(tree))
    steps = {part.split("\n", 1)[0]: part.split("\n", 1)[1] for part in said.split("== ")[1:]}
    newer = package.name.split("_")[1]
    assert (f"fenghuo {OLDER}\n", f"fenghuo {newer}\n") == (steps["older"], steps["newer"])
    assert f"fenghuo-{newer}.dist-info\n" == steps["modules"]
    assert "# a line of the administrator\n" == steps["line"]
    assert json.loads(steps["promised"])["id"] in steps["kept"]
    assert "done" in steps
