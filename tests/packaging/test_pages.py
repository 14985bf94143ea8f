"""What the pages tell an administrator and an author to do, done: word for word, in a fresh Debian tree and in an empty environment.

Minutes: marked soak. Nothing is put in the place of a command but systemctl and journalctl, which want a running systemd.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.making import ROOT, commands, debian, run
from tests.scale import TIMEOUT_SCALE

pytestmark = [
    pytest.mark.soak,
    pytest.mark.peer,
    pytest.mark.timeout(1800 * TIMEOUT_SCALE),
    pytest.mark.skipif(os.geteuid() != 0, reason="a Debian tree is made and entered by root"),
]

BEACON = ROOT / "examples/fenghuo-beacon"

ENTER = """
set -eu
ip link set lo up
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/run"
exec chroot "$1" bash /root/day.sh
"""

BEFORE = """
set -e
cd /root
export HOME=/root LANG=C.UTF-8
systemctl() {
    install -d -o fenghuo -g fenghuo -m 0750 /run/fenghuo
    touch /tmp/journal
    setpriv --reuid=fenghuo --regid=fenghuo --init-groups /opt/fenghuo/bin/python3 -I -m fenghuo serve --config /etc/fenghuo/fenghuo.toml \\
        > /tmp/journal 2> /tmp/log &
    until grep -q one-time /tmp/journal; do kill -0 $!; sleep 0.2; done
}
journalctl() { cat /tmp/journal; }
# Whoever is asked for code and password types them.
fenghuo() {
    case "$1 ${2-}" in
    "user enrol") printf '%s\\nTide-table 4711\\n' "$(grep -oE '[A-Z0-9]{4}(-[A-Z0-9]{4})+' /tmp/journal)" | command fenghuo "$@" ;;
    *) command fenghuo "$@" ;;
    esac
}
"""

AFTER = """
kill $(jobs -p)
wait
echo the day is over
"""

BOARDS = """
import asyncio
from fenghuo import Word
from fenghuo_beacon.far_end import Controller


async def main():
    async with Controller().listening() as boards:
        print(boards.port, flush=True)
        told = 0
        while True:
            for arrival in boards.arrivals[told:]:
                await boards.say(Word.REPORT, arrival)
                print(arrival.address, arrival.text, flush=True)
            told = len(boards.arrivals)
            await asyncio.sleep(0.1)


asyncio.run(main())
"""
"""A controller that says of each text that it was shown."""

NODE = """
[node]
name = "gate"
rules = "rules.toml"
directory = "."

[control]
socket = "ctl.sock"

[channels.boards]
type = "beacon.boards"
isolation = "process"
risk_groups = ["lan:hq"]
[channels.boards.settings]
host = "127.0.0.1"
port = {port}
"""

FILES = {
    "rules.toml": """
[ladders.boards]
[[ladders.boards.rungs]]
channels = ["boards"]

[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed", split = "person" }
needed = "DEVICE"
deadline_s = 600
ladder = "boards"
""",
    "areas.csv": "ref,name,level,parent,same_as,population,lat,lon\nmca:320585,太仓市,county,,,831113,,\n",
    "orgs.csv": "id,name,kind,level,parent,area\ngate,村口,town,4,,mca:320585\n",
    "roles.csv": "id,name\ninformant,灾害信息员\n",
    "persons.csv": "id,name,org,roles,areas,deputy\nboard,示例·村口条屏,gate,informant,mca:320585,\n",
    "contacts.csv": "owner,kind,address,rank,proven_at\nboard,board,12,1,\n",
}

SHOWN = re.compile(r"^  .*: (MET|OPEN|MISSED), at", re.MULTILINE)


def test_the_first_day_is_as_the_page_says(dist: Path, tmp_path: Path) -> None:
    """From the package to an order and an alert that a person has answered for, and the console over TLS that its own CA vouches for."""
    tree = debian(tmp_path / "tree", "python3,systemd,procps,curl,iproute2")
    (package,) = dist.glob("*.deb")
    shutil.copy(package, tree / "root")
    (tree / "root" / "day.sh").write_text(BEFORE + commands("en/start.md") + AFTER, encoding="utf-8")
    (tmp_path / "enter").write_text(ENTER, encoding="utf-8")
    said = run("unshare", "--mount", "--pid", "--fork", "--net", "bash", str(tmp_path / "enter"), str(tree))
    assert ["MET", "MET"] == SHOWN.findall(said)
    assert said.endswith("the day is over\n")


def test_the_tutorial_ends_with_a_graded_wheel(author: Path, node: Path, tmp_path: Path) -> None:
    """In an environment that has Fenghuo's wheel and nothing of this checkout; the wheel is then graded where only wheels are."""
    script = f"set -e\nexport PATH={author / 'bin'}:$PATH\n" + commands("en/plugin/tutorial.md")
    assert "fenghuo_pager pager.tcp" in run("bash", "-c", script, folder=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("fenghuo_pager-*.whl")
    assert "platinum" in graded(node, wheel, "fenghuo_pager", tmp_path)


def test_the_boards_are_built_installed_and_graded(author: Path, node: Path, tmp_path: Path) -> None:
    """By the example's own tests too; its command is one of `fenghuo`, and the node lists what it brings."""
    assert "platinum" in graded(node, boards_wheel(author, tmp_path), "fenghuo_beacon", tmp_path)
    fenghuo = str(node / "bin/fenghuo")
    assert "SHOW trial 12 立即转移\n" == run(fenghuo, "beacon", "12", "立即转移")
    assert "channel beacon.boards, source beacon.buttons, sensor beacon.supply, front beacon.page" in run(fenghuo, "plugin", "ls")
    tests = shutil.copytree(BEACON, tmp_path / "fenghuo-beacon")
    shutil.rmtree(tests / "fenghuo_beacon")
    assert "1 passed" in run(str(node / "bin/python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", folder=tests)


def test_an_order_goes_over_the_boards_of_a_third_party(author: Path, node: Path, tmp_path: Path) -> None:
    """In a process of its own on a node that has wheels alone: urgent, since its grade is on record; met by the receipt of the board."""
    install(node, boards_wheel(author, tmp_path))
    fenghuo = (str(node / "bin/fenghuo"), "--config", str(tmp_path / "fenghuo.toml"))
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with started(str(node / "bin/python"), "-c", BOARDS) as boards:
        assert boards.stdout is not None
        (tmp_path / "fenghuo.toml").write_text(NODE.replace("{port}", boards.stdout.readline().strip()), encoding="utf-8")
        assert "" == run(*fenghuo, "config", "check", str(tmp_path / "fenghuo.toml"))
        run(*fenghuo, "plugin", "check", "fenghuo_beacon", folder=tmp_path)
        with started(*fenghuo, "serve", "--config", str(tmp_path / "fenghuo.toml")) as daemon:
            assert daemon.stdout is not None
            assert " ready in " in daemon.stdout.readline()
            run(*fenghuo, "send", "--to", "person:board", "--text", "立即转移", "--prio", "P1", "--wait", str(60 * TIMEOUT_SCALE))
        assert boards.stdout.readline().startswith("12 立即转移")


@contextlib.contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs meanwhile, and ends in peace."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def author(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an author works: an environment with Fenghuo from its wheelhouse, and what its kit needs."""
    return environment(dist, tmp_path_factory.mktemp("author") / "venv")


@pytest.fixture(scope="session")
def node(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where plugins come as wheels alone."""
    return environment(dist, tmp_path_factory.mktemp("node") / "venv")


def environment(dist: Path, folder: Path) -> Path:
    run(sys.executable, "-m", "venv", str(folder))
    house = dist / "wheelhouse"
    hashed = ("--no-index", f"--find-links={house}", "--require-hashes", "-r", f"{house}/requirements.txt")
    run(str(folder / "bin/pip"), "install", "--quiet", "--no-compile", *hashed)
    run(str(folder / "bin/pip"), "install", "--quiet", "--no-compile", "pytest>=9")
    return folder


def boards_wheel(author: Path, folder: Path) -> Path:
    """The example as its author would build it."""
    run(str(author / "bin/pip"), "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder / "wheels"), str(BEACON))
    (wheel,) = (folder / "wheels").glob("*.whl")
    return wheel


def install(node: Path, wheel: Path) -> None:
    run(str(node / "bin/pip"), "install", "--quiet", "--no-deps", "--force-reinstall", str(wheel))


def graded(node: Path, wheel: Path, module: str, folder: Path) -> str:
    """What the kit says of a plugin that is there as a wheel."""
    install(node, wheel)
    return run(str(node / "bin/fenghuo"), "plugin", "check", module, folder=folder)
