"""Asks the advisory service about every locked package; says "not audited" and why where it cannot be asked."""

from __future__ import annotations

import subprocess
import sys

import msgspec

__all__ = ["Dependency", "Report", "Vulnerability", "audit", "main"]

# The whole lock is asked about; a service that is slower than this will not be waited for.
DEADLINE_S = 300


class Vulnerability(msgspec.Struct, frozen=True):
    """A known fault of one release."""

    id: str
    fix_versions: tuple[str, ...] = ()


class Dependency(msgspec.Struct, frozen=True):
    """One locked release and what is known against it."""

    name: str
    version: str = ""
    vulns: tuple[Vulnerability, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """What pip-audit prints when it could ask about everything."""

    dependencies: tuple[Dependency, ...]


def main(arguments: list[str]) -> int:
    """1 where something is known against a release, 0 where nothing is or where nobody could be asked."""
    lines, code = audit(arguments)
    print("\n".join(lines))
    return code


def audit(requirements: list[str]) -> tuple[list[str], int]:
    """The lines to print and the exit status; requirements: paths of hashed requirement files."""
    command = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip", "--progress-spinner=off", "--format=json"]
    for path in requirements:
        command += ["--requirement", path]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    except subprocess.TimeoutExpired:
        return [f"not audited: the advisory service did not answer within {DEADLINE_S} s"], 0
    try:
        report = msgspec.json.decode(done.stdout, type=Report)
    except msgspec.DecodeError:
        return [f"not audited: {_reason(done.stderr)}"], 0
    return _told(report)


def _told(report: Report) -> tuple[list[str], int]:
    faults = [
        f"{dependency.name} {dependency.version}: {fault.id}, mended in {', '.join(fault.fix_versions) or 'no release yet'}"
        for dependency in report.dependencies
        for fault in dependency.vulns
    ]
    return [f"audited {len(report.dependencies)} packages, {len(faults)} known vulnerabilities", *faults], int(bool(faults))


def _reason(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    return lines[-1].removeprefix("ERROR:pip_audit._cli:") if lines else "the advisory service could not be asked"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
