"""The bundled channels keep silver and more, at simulated far ends on virtual time and at their real ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from fenghuo.plugin.grading import Grade, standing_of
from fenghuo.plugin.host import load_plugins
from fenghuo.rig.kit.examining import Record
from fenghuo.rig.kit.grades import Went, grade_of
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.peer, pytest.mark.timeout(90)]

ROOT = Path(__file__).resolve().parents[2]
KIT = ("-p", "fenghuo.rig.kit.pytest_plugin", "-p", "tests.conformance.real_peers", "-p", "no:cacheprovider")


IN_FULL = ("simulated", "paper", "mosquitto", "receivers")
"""Far ends at which every check is run and shown: the grades there are those of the records that Fenghuo ships."""
HOST = load_plugins()


def examined(folder: Path, *arguments: str, limit_s: float = 75) -> subprocess.CompletedProcess[str]:
    """A run of pytest somewhere else, as a plugin's author would start it."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", *KIT, f"--fenghuo-patience={TIMEOUT_SCALE}", *arguments]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=limit_s * TIMEOUT_SCALE, check=False
    )


CASES = [
    ("fenghuo_sms", "simulated"),
    ("fenghuo_sms", "node-smpp"),
    ("fenghuo_narrowband", "simulated TNC"),
    ("fenghuo_narrowband", "simulated posts"),
    ("fenghuo_narrowband", "simulated gateway"),
    ("fenghuo_narrowband", "direwolf"),
    ("fenghuo_narrowband", "paper"),
    ("fenghuo_runner", "paper"),
    ("fenghuo_runner", "poppler and zbar"),
    ("fenghuo_http", "simulated"),
    ("fenghuo_http", "real"),
    ("fenghuo_broadcast", "simulated"),
    ("fenghuo_broadcast", "platform in a process"),
    ("fenghuo_broadcast", "receivers"),
    ("fenghuo_broadcast", "GStreamer"),
    ("fenghuo_mqtt", "mosquitto"),
    ("fenghuo_siren", "simulated"),
    ("fenghuo_siren", "pymodbus server"),
    ("fenghuo_tiantong", "simulated"),
    ("fenghuo_vsat", "simulated"),
    ("fenghuo_vsat", "node http"),
    ("fenghuo_vsat", "mosquitto"),
]
"""At two direwolfs it takes half a minute, most of it waiting, for real air is real time and a direwolf serves three of the kit's cores at
one time; so it is left to the soak run. It is no gamble: ten runs of ten kept silver on a machine with five times its load.
The satellite's channels speak to the servers of webhook and MQTT; their own is tested over a link (tests/plugins/test_vsat_*.py)."""
AT_LENGTH = {
    ("fenghuo_runner", "poppler and zbar"),
    ("fenghuo_narrowband", "direwolf"),
    ("fenghuo_broadcast", "platform in a process"),
    ("fenghuo_broadcast", "receivers"),
    ("fenghuo_broadcast", "GStreamer"),
    ("fenghuo_siren", "pymodbus server"),
    ("fenghuo_vsat", "node http"),
    ("fenghuo_vsat", "mosquitto"),
}


@pytest.mark.parametrize(("plugin", "peer"), [pytest.param(*case, marks=pytest.mark.soak if case in AT_LENGTH else ()) for case in CASES])
def test_it_keeps_silver(plugin: str, peer: str, tmp_path: Path) -> None:
    """Nothing of bronze, silver or gold fails, and nothing of bronze and silver is left unshown."""
    # On real air a storm takes a minute; it is left to the soak run.
    wanted = (
        "bronze or silver or gold"
        if peer in ("real", "node-smpp", "node http", "direwolf", "platform in a process")
        else "bronze or silver or gold or platinum"
    )
    done = examined(
        tmp_path,
        "--fenghuo-channel",
        plugin,
        "--fenghuo-peer",
        peer,
        "-m",
        wanted,
        "--fenghuo-grade",
        "silver",
        "--fenghuo-report",
        "r.json",
    )
    assert 0 == done.returncode, done.stdout[-4000:] + done.stderr[-1000:]
    records = msgspec.json.decode((tmp_path / "r.json").read_bytes(), type=list[Record])
    assert [] == [record.verdict for record in records if record.verdict.went is Went.FAILED]
    assert {"simulated"} == {record.version for record in records} or not peer.startswith("simulated")
    if peer.startswith(IN_FULL):
        assert {record.channel: shipped(record.channel) for record in records} == shown(records)


def shown(records: list[Record]) -> dict[str, Grade]:
    """What these verdicts make of each channel."""
    channels = {record.channel for record in records}
    return {channel: grade_of([record.verdict for record in records if record.channel == channel]) for channel in channels}


def shipped(channel: str) -> Grade:
    """What the record in its package says, by which a daemon goes."""
    return standing_of(channel, HOST.origin(channel), None).grade


def test_every_bundled_channel_is_examined_in_full() -> None:
    """A record that no run holds true would be a claim; only a simulated bearer has none."""
    examined_here = {fixture.channel for _, fixture in HOST.fixtures if fixture.is_simulated or fixture.peer in IN_FULL}
    assert {kind for kind in HOST.channel_types if not kind.startswith("sim.")} == examined_here


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_modems_keep_silver_at_the_pty_modem(tmp_path: Path) -> None:
    """One modem serves one host at a time, so that the checks come one after the other: a minute and more."""
    arguments = ("--fenghuo-channel", "fenghuo_sms", "--fenghuo-peer", "pty modem", "-m", "bronze or silver or gold")
    done = examined(tmp_path, *arguments, "--fenghuo-grade", "silver", limit_s=300)
    assert 0 == done.returncode, done.stdout[-4000:]


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_the_link_keeps_silver_at_real_modems(tmp_path: Path) -> None:
    """Posts behind two direwolfs. It asks for minutes before it gives a silent post up, three times; so it is left to the soak run."""
    arguments = ("--fenghuo-channel", "fenghuo_narrowband", "--fenghuo-peer", "posts at direwolf", "-m", "bronze or silver or gold")
    done = examined(tmp_path, *arguments, "--fenghuo-grade", "silver", limit_s=1400)
    assert 0 == done.returncode, done.stdout[-4000:]


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("plugin", "peer"), [("fenghuo_sms", "node-smpp"), ("fenghuo_http", "real")])
def test_it_outlasts_a_storm_at_its_real_far_end(plugin: str, peer: str, tmp_path: Path) -> None:
    """Platinum, in real time."""
    done = examined(tmp_path, "--fenghuo-channel", plugin, "--fenghuo-peer", peer, "--fenghuo-grade", "platinum")
    assert 0 == done.returncode, done.stdout[-4000:]


def test_the_grades_are_printed(tmp_path: Path) -> None:
    """Plugin, far end, its version, the grade, and what keeps it from more."""
    done = examined(tmp_path, "--fenghuo-channel", "fenghuo_http", "--fenghuo-peer", "simulated", "-k", "stop")
    head, row = done.stdout.partition("grades of the conformance kit")[2].splitlines()[1:3]
    assert ["plugin", "peer", "version", "grade", "what keeps it from more"] == [word.strip() for word in head.split("  ") if word]
    assert ["fenghuo_http http.webhook", "simulated server", "simulated", "none", "49 not run"] == [
        word.strip() for word in row.split("  ") if word.strip()
    ]


def test_a_failure_is_told_and_fails_the_run(tmp_path: Path) -> None:
    """A third party's plugin by its module's name, with a bug: the check says what it saw, and the grade says what it cost."""
    (tmp_path / "fenghuo_wrong.py").write_text(WRONG)
    done = examined(tmp_path, "-p", "no:randomly", "--fenghuo-channel", "fenghuo_wrong", "-k", "stop or refusal")
    assert 1 == done.returncode
    assert "1 failed, 1 passed" in done.stdout
    assert "after stop() it still speaks" in done.stdout
    assert "failed: stop means silence; 47 not run" in done.stdout


def test_a_plugin_nobody_knows_is_named(tmp_path: Path) -> None:
    """A typing error is told as such."""
    done = examined(tmp_path, "--fenghuo-channel", "fenghuo_smoke")
    assert 4 == done.returncode
    assert "fenghuo_smoke is no installed plugin" in done.stderr


WRONG = """
from fenghuo import ConformanceFixture, PluginInfo, hookimpl
from tests.conformance.gateway import gateway
from tests.conformance.seeded import kind
from tests.conformance.wrongs import Wrong


@hookimpl
def fenghuo_plugin():
    return PluginInfo("wrong", "1.0")


@hookimpl
def fenghuo_channel_types():
    return [kind(Wrong.SPEAKS_ON)]


@hookimpl
def fenghuo_conformance():
    return [ConformanceFixture("seeded", "gateway", gateway, is_simulated=True)]
"""
