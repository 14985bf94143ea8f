"""The page's modules by themselves: Node runs them over a clock and a socket of the test's own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from fenghuo.formats.console_frames import Cursor, Delta, Hello, Op, Ping, Ready, Resync, ResyncReason, Snap, encode
from fenghuo.service.authorisation import only_reads
from fenghuo.service.web_tls import WARN_DAYS
from tests.scale import PATIENCE_S
from tools.console_words import STATIC

HERE = Path(__file__).parent / "js"
ASKED = re.compile(r'(?:app\.ask\(|useAsk\(app, |verb: )"([a-z._]+)"')
EPOCH = "01J"


def _golden() -> list[object]:
    """A frame of each kind, as the server's own structs write it, in the order of a connection."""
    frames = (
        Hello("fenghuo.console.v1", "fenghuo.console.v1", "fenghuo", 1.0),
        Ready("zhang", "operator", ("operator",), ("message", "alarm", "shift"), 10.0),
        Snap(1, Cursor(EPOCH, 5), 0, True, {"message/1": msgspec.Raw(b'{"headline":"x"}')}),
        Delta(EPOCH, 5, 7, (Op("message/1", "del"), Op("alarm/2", "set", msgspec.Raw(b"{}")))),
        Ping(2.0, 7),
        Resync(1, ResyncReason.SLOW),
    )
    return [json.loads(encode(frame)) for frame in frames]


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine: apt-get install nodejs")
@pytest.mark.timeout(120)
def test_the_modules_keep_their_promises(tmp_path: Path) -> None:
    """Every test of tests/console/js, in one run of Node."""
    shutil.copytree(STATIC / "js", tmp_path / "js")
    shutil.copytree(STATIC / "screens", tmp_path / "screens")
    shutil.copytree(STATIC / "vendor", tmp_path / "vendor")
    for file in HERE.glob("*.js"):
        shutil.copy(file, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "golden.json").write_text(json.dumps(_golden()))
    tests = sorted(file.name for file in tmp_path.glob("*.test.js"))
    (tmp_path / "all.js").write_text("".join(f'import "./{name}";\n' for name in tests))
    env = {"GOLDEN": str(tmp_path / "golden.json"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["node", "all.js"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=3 * PATIENCE_S, check=False)
    assert "# fail 0" in done.stdout, done.stdout[-6000:] + done.stderr[-2000:]
    assert 0 == done.returncode


def test_what_the_page_asks_without_a_key_only_reads() -> None:
    """The daemon refuses what may change something and comes without one: such a question is never answered."""
    asked = {
        verb for folder in ("js", "screens") for file in (STATIC / folder).glob("*.js") for verb in ASKED.findall(file.read_text("utf-8"))
    }
    assert {"shift.sheet", "audit.find"} < asked
    assert [] == sorted(verb for verb in asked if not only_reads(verb))


def test_the_page_grades_certificates_by_the_steps_of_their_alarm() -> None:
    """Else it would call one good that an administrator has been told of."""
    source = (STATIC / "screens/system_state.js").read_text(encoding="utf-8")
    assert f"const WARN_DAYS = {json.dumps(WARN_DAYS)};" in source
