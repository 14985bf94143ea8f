"""The page's own modules hold to the types that their comments give: TypeScript reads them as they lie there."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.scale import PATIENCE_S
from tools.console_words import STATIC
from tools.vendor_js import PINS

TSC = Path(__file__).parents[1] / "peers/node/node_modules/.bin/tsc"
OPTIONS = {
    "allowJs": True, "checkJs": True, "noEmit": True, "strict": True, "skipLibCheck": True, "target": "es2024", "module": "esnext",
    "moduleResolution": "bundler", "lib": ["es2024", "dom", "dom.iterable"], "types": [],
}  # fmt: skip


@pytest.mark.skipif(not TSC.exists(), reason="the peers of the tests are not installed: make test installs them")
@pytest.mark.timeout(120)
def test_every_module_is_used_as_its_types_say(tmp_path: Path) -> None:
    """Strict, over all modules at once; what is vendored has the types of tools/vendor beside it, which are never served."""
    shutil.copytree(STATIC, tmp_path / "static")
    for types in PINS.glob("*.d.ts"):
        shutil.copy(types, tmp_path / "static/vendor")
    settings = {"compilerOptions": OPTIONS, "include": ["static/js/*.js", "static/screens/*.js"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(settings))
    done = subprocess.run([TSC, "-p", tmp_path], capture_output=True, text=True, timeout=3 * PATIENCE_S, check=False)
    assert 0 == done.returncode, done.stdout
