"""The kit as a pytest plugin: `pytest --fenghuo-channel fenghuo_sms` examines a plugin's channels and prints their grades.

Loaded in every run of pytest where Fenghuo is installed, so it costs nothing until that option is given.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.rig.kit import hooks
from fenghuo.rig.kit.grades import Grade

__all__ = ["pytest_addhooks", "pytest_addoption", "pytest_configure"]

GRADES = tuple(grade.name.lower() for grade in Grade if grade)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fenghuo", "Fenghuo's conformance kit")
    group.addoption("--fenghuo-channel", action="append", default=[], metavar="PLUGIN", help="examine the channels of this plugin")
    group.addoption("--fenghuo-peer", metavar="NAME", help="only against this far end; 'simulated' and 'real' stand for all of a kind")
    group.addoption("--fenghuo-grade", choices=GRADES, help="fail below this grade")
    group.addoption("--fenghuo-report", type=Path, metavar="FILE", help="write every verdict as JSON")
    group.addoption("--fenghuo-record", type=Path, metavar="FOLDER", help="leave a record of each channel type where a daemon looks")
    group.addoption("--fenghuo-patience", type=float, default=1.0, metavar="FACTOR", help="stretch every wait at real far ends")


def pytest_configure(config: pytest.Config) -> None:
    for grade in GRADES:
        config.addinivalue_line("markers", f"{grade}: a check of the conformance kit that belongs to this grade")
    if config.getoption("fenghuo_channel"):
        config.pluginmanager.import_plugin("fenghuo.rig.kit.examining")  # the core is loaded by those alone who examine
