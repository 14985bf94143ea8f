"""What the audit says, whoever answers."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tools import audit


def answering(monkeypatch: pytest.MonkeyPatch, *, stdout: str = "", stderr: str = "", code: int = 0) -> None:
    """Put an answer in the place of the audit program."""

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, code, stdout, stderr)

    monkeypatch.setattr("tools.audit.subprocess.run", run)


def test_a_clean_lock_is_said_to_be_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every package that was asked about is counted."""
    answering(
        monkeypatch, stdout='{"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "version": "2"}], "fixes": []}'
    )
    assert (["audited 2 packages, 0 known vulnerabilities"], 0) == audit.audit(["requirements/product.txt"])


def test_a_known_fault_fails_and_names_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known against a release is told with the release that mends it."""
    answering(
        monkeypatch,
        stdout='{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}]}',
        code=1,
    )
    assert (["audited 1 packages, 1 known vulnerabilities", "a 1: PYSEC-1, mended in 1.1"], 1) == audit.audit(["x"])


def test_nobody_to_ask_is_no_failure_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the advisory service cannot be reached the line begins with "not audited" and gives the reason."""
    answering(monkeypatch, stderr="WARNING: x\nERROR:pip_audit._cli:connection refused\n", code=1)
    assert (["not audited: connection refused"], 0) == audit.audit(["x"])


def test_silence_is_no_failure_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that never answers is not waited for without end."""

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        raise subprocess.TimeoutExpired(command, audit.DEADLINE_S)

    monkeypatch.setattr("tools.audit.subprocess.run", run)
    assert (["not audited: the advisory service did not answer within 300 s"], 0) == audit.audit(["x"])
