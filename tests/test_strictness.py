"""The rules of conftest.py, each broken once in a run of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scale import TIMEOUT_SCALE

ROOT = Path(__file__).resolve().parent.parent

OFFENDERS = """
from __future__ import annotations

import asyncio
import threading
import time
import warnings

import fenghuo
import pytest

KEPT = []


def blocking_product() -> None:
    exec(compile("import time\\ntime.sleep(0.001)", fenghuo.__file__, "exec"))


async def test_blocks() -> None:
    blocking_product()


@pytest.mark.may_block("shows the exception")
async def test_may_block() -> None:
    blocking_product()


async def test_waits_in_the_test_itself() -> None:
    time.sleep(0.001)


async def test_leaves_a_task() -> None:
    KEPT.append(asyncio.create_task(asyncio.sleep(60)))


def test_leaves_a_thread() -> None:
    threading.Thread(target=time.sleep, args=(20,), daemon=True).start()


def test_leaves_a_file() -> None:
    KEPT.append(open(__file__))


@pytest.mark.may_leak("shows the exception")
def test_may_leak() -> None:
    KEPT.append(open(__file__))


def test_warns() -> None:
    warnings.warn("old", DeprecationWarning, stacklevel=1)


@pytest.mark.xfail(reason="shows that a surprise is a failure")
def test_unexpectedly_passes() -> None:
    pass


@pytest.mark.may_block("shows that a task swallows the limit")
@pytest.mark.timeout(1)
async def test_outlives_its_limit_in_a_task() -> None:
    async def spin() -> None:
        while True:
            time.sleep(0.01)

    await asyncio.wait([asyncio.create_task(spin())])


async def test_does_no_harm() -> None:
    assert 1 == await asyncio.to_thread(int, "1")
"""

EXPECTED = {
    "test_blocks": "FAILED",
    "test_leaves_a_file": "ERROR",
    "test_leaves_a_task": "ERROR",
    "test_leaves_a_thread": "ERROR",
    "test_outlives_its_limit_in_a_task": "FAILED",
    "test_unexpectedly_passes": "FAILED",
    "test_warns": "FAILED",
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one run says of every offender, by the name of the test."""
    folder = tmp_path_factory.mktemp("offenders")
    (folder / "test_offenders.py").write_text(OFFENDERS, encoding="utf-8")
    settings = [f"--config-file={ROOT / 'pyproject.toml'}", f"--rootdir={folder}", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *settings, str(folder / "test_offenders.py")],
        cwd=ROOT,
        env=os.environ | {"FENGHUO_TIMEOUT_SCALE": str(0.2 * TIMEOUT_SCALE)},
        capture_output=True,
        text=True,
        timeout=60 * TIMEOUT_SCALE,
        check=False,
    )
    return {name: verdict for verdict, name in re.findall(r"^(FAILED|ERROR) \S+::(\w+)", done.stdout, re.MULTILINE)}


@pytest.mark.timeout(90)
def test_each_offender_is_caught_and_nobody_else(verdicts: dict[str, str]) -> None:
    """Blocking, leaving something behind, a warning, an unexpected pass and a swallowed limit each fail; exceptions and the rest do not."""
    assert EXPECTED == verdicts
