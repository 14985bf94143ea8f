"""What the service manager hears, on a socket with a path and on an abstract one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from fenghuo.service.notify import Notify, watchdog_period_s
from tests.scale import PATIENCE_S


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A service manager: the address it names, and its end of the wire."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        address = str(tmp_path / "notify") if request.param == "path" else f"@fenghuo-test-{tmp_path}"
        end.bind("\0" + address[1:] if address.startswith("@") else address)
        end.settimeout(PATIENCE_S)
        yield address, end


def test_says_what_systemd_reads(manager: tuple[str, socket.socket]) -> None:
    """Each call is one datagram in UTF-8, Chinese status included."""
    address, end = manager
    notify = Notify.from_environment({"NOTIFY_SOCKET": address})
    assert notify.ready("就绪 3/7 信道")
    assert end.recv(512).decode() == "READY=1\nSTATUS=就绪 3/7 信道"
    assert notify.status("排空\n中")
    assert end.recv(512).decode() == "STATUS=排空 中"
    assert notify.watchdog()
    assert end.recv(512) == b"WATCHDOG=1"
    assert notify.stopping("停止")
    assert end.recv(512).decode() == "STOPPING=1\nSTATUS=停止"
    assert notify.extend(2.5)
    assert end.recv(512) == b"EXTEND_TIMEOUT_USEC=2500000"


def test_a_reload_names_its_moment(manager: tuple[str, socket.socket]) -> None:
    """RELOADING carries the monotonic microseconds that Type=notify-reload asks for."""
    address, end = manager
    assert Notify(address).reloading()
    first, second = end.recv(512).decode().splitlines()
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


def test_without_a_manager_nothing_happens() -> None:
    """Outside systemd every call is a silent no."""
    assert not Notify.from_environment({}).ready()


def test_a_deaf_manager_is_logged_once(tmp_path: Path) -> None:
    """A manager that is gone stops nothing, and is told of once."""
    notify = Notify(str(tmp_path / "nobody"))
    with capture_logs() as lines:
        assert not notify.watchdog()
        assert not notify.watchdog()
    assert [line["event"] for line in lines] == ["the service manager does not listen"]


@pytest.mark.parametrize(
    ("environment", "period_s"),
    [
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "7"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_whether_anybody_watches(environment: dict[str, str], period_s: float | None) -> None:
    """The period counts only when it is meant for this process."""
    assert watchdog_period_s(environment, pid=7) == period_s
