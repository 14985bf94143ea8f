"""The client of the control socket against the real server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from fenghuo.client.caller import CallFailed, Unreachable
from fenghuo.client.socket import Control
from tests.core.desk_fake import FAILURES, STATUS, TOKEN, Served
from tests.scale import PATIENCE_S


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with capture_logs(), Served(tmp_path) as served:
        yield served


@pytest.fixture
def control(served: Served) -> Control:
    return Control(served.path, TOKEN, timeout_s=PATIENCE_S)


def test_a_call_gives_the_data(control: Control) -> None:
    """A call returns the daemon's data."""
    assert control.call("status") == STATUS


def test_bytes_go_over_whole(served: Served, control: Control) -> None:
    """Bytes of any value arrive as they were, and Chinese too."""
    control.call("alert.submit", raw=bytes(range(256)) * 1000, key="键")
    assert served.desk.asked == [("alert.submit", {"raw": bytes(range(256)) * 1000, "key": "键"})]


def test_a_long_answer_comes_whole(served: Served, control: Control) -> None:
    """An answer longer than any buffer is put together."""
    served.desk.answers["message.ls"] = ["台风" * 1000] * 500
    assert control.call("message.ls") == ["台风" * 1000] * 500


@pytest.mark.parametrize("word", FAILURES)
def test_a_no_is_an_error_with_its_word(served: Served, control: Control, word: str) -> None:
    """Whatever the desk refuses is raised with the stable word and the sentence."""
    served.desk.answers["status"], _ = FAILURES[word]
    with pytest.raises(CallFailed) as failed:
        control.call("status")
    assert failed.value.code == word
    assert str(failed.value)


def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    """No socket is told with its path."""
    with pytest.raises(Unreachable, match=r"no daemon answers at .*ctl\.sock"):
        Control(tmp_path / "ctl.sock", "").call("status")


@pytest.mark.parametrize(("says", "sentence"), [(b"", "closed the connection"), (None, "gave no answer within 0.2 s")])
def test_a_daemon_that_dies_or_hangs_is_unreachable(tmp_path: Path, says: bytes | None, sentence: str) -> None:
    """A connection that ends or stays silent before the answer is told as what it is."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "ctl.sock"))
        listener.listen()
        over = threading.Event()

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(1 << 16)
                if says is None:
                    over.wait(5)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(Unreachable, match=sentence):
            Control(tmp_path / "ctl.sock", "", timeout_s=0.2).call("status")
        over.set()
        thread.join()


def test_follow_gives_events_until_silence(served: Served, control: Control) -> None:
    """Following gives what is there and ends after the silence it was told to bear."""
    served.inside(lambda: served.events.append("message.accepted", "message/01M"))
    served.inside(lambda: served.events.append("objective.met", "objective/1"))
    first, second = control.follow(0, silence_s=0.3)
    assert (first["type"], second["type"], second["epoch"]) == ("message.accepted", "objective.met", "e1")


def test_follow_with_a_strange_cursor_is_an_error(control: Control) -> None:
    """A cursor of another epoch is refused."""
    with pytest.raises(CallFailed) as failed:
        list(control.follow(0, epoch="e0", silence_s=0.2))
    assert failed.value.code == "stale-cursor"
