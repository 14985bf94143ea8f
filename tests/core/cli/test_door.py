"""Which door a command takes: the help of --url says what HTTP offers, and it is so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from fenghuo.cli.door import URL_HELP, Where, place, read_token
from fenghuo.cli.main import root
from fenghuo.errors import NotAuthenticated, SettingsError
from tests.core.http_peer import Peer, serving

OVER_HTTP = [
    ["alert", "submit", "-"],
    ["alert", "show", "01M"],
    ["alert", "why", "01M"],
    ["alert", "ls"],
    ["alert", "cancel", "01M", "--reason", "r"],
    ["alert", "sign", "01M", "--with", "token"],
    ["channel", "ls"],
    ["channel", "show", "sms"],
    ["log", "--jsonl"],
    ["queue", "ls"],
    ["queue", "show", "7"],
    ["send", "--to", "person:wang", "--text", "t"],
    ["status"],
]
BY_SOCKET = [
    ["channel", "why", "sms"],
    ["channel", "disable", "sms", "--reason", "r"],
    ["db", "backup", "copy.sqlite"],
    ["route", "lint"],
    ["send", "--to", "person:wang", "--text", "t", "--dry-run"],
]


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A peer that knows nothing: every request ends with 404."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text("tok\n")
    with serving() as peer:
        peer.status, peer.says = 404, {"type": "urn:fenghuo:problem:not-found", "detail": "nothing here"}
        yield peer


def ask(peer: Peer, words: list[str]) -> tuple[int, str]:
    result = CliRunner().invoke(root, ["--url", peer.url, "--token-file", "token", *words], input="x", prog_name="fenghuo")
    return result.exit_code, result.stderr


@pytest.mark.parametrize("words", OVER_HTTP, ids=" ".join)
def test_what_http_offers_is_asked_over_http(peer: Peer, words: list[str]) -> None:
    """The request goes out with the token, and its answer is the command's."""
    assert (1, "fenghuo: nothing here\n") == ask(peer, words)
    assert {"Bearer tok"} == {headers["authorization"] for _, _, headers, _ in peer.asked}
    assert words[0] in URL_HELP


@pytest.mark.parametrize("words", BY_SOCKET, ids=" ".join)
def test_what_http_does_not_offer_is_said_before_anybody_is_asked(peer: Peer, words: list[str]) -> None:
    """With the way that there is."""
    code, said = ask(peer, words)
    assert (2, True, []) == (code, "is not offered over HTTP; ask on the machine itself, by --socket" in said, peer.asked)


def test_what_was_said_after_the_verb_counts_more() -> None:
    """Word by word: what was not said again stays."""
    outer = Where(socket=Path("/a"), token_file=Path("/t"))
    assert Where(socket=Path("/b"), token_file=Path("/t")) == Where(socket=Path("/b")).over(outer)


def test_a_settings_file_says_where_the_daemon_is(tmp_path: Path) -> None:
    """Its socket and its state folder, relative to the file; whatever else is wrong with it is not looked at."""
    file = tmp_path / "fenghuo.toml"
    file.write_text('[node]\nstate = "there"\n[nonsense]\n')
    assert (tmp_path / "there/ctl.sock", tmp_path / "there") == (place(file).socket, place(file).state)
    file.write_text('[control]\nsocket = "s.sock"\n')
    assert (tmp_path / "s.sock", tmp_path / "state") == (place(file).socket, place(file).state)


def test_steps_up_are_taken_as_the_daemon_takes_them(tmp_path: Path) -> None:
    """The path of a Unix socket has a limit that the daemon, which writes it shorter, need not have met."""
    file = tmp_path / "config/fenghuo.toml"
    file.parent.mkdir()
    file.write_text('[node]\nstate = "../build/state"\n')
    assert (tmp_path / "build/state/ctl.sock", tmp_path / "build/state") == (place(file).socket, place(file).state)


@pytest.mark.parametrize("text", ["[node", "[node]\nstate = 7\n"])
def test_a_settings_file_that_cannot_be_read_is_a_sentence(tmp_path: Path, text: str) -> None:
    """Not a stack trace."""
    (tmp_path / "fenghuo.toml").write_text(text)
    with pytest.raises(SettingsError):
        place(tmp_path / "fenghuo.toml")


def test_a_token_file_is_read_without_its_line_break(tmp_path: Path) -> None:
    """No file is no token; one that was named and is not there, or is no text, is a sentence."""
    (tmp_path / "token").write_text("tok\n")
    (tmp_path / "picture").write_bytes(b"\xff\xfe")
    assert ("tok", "") == (read_token(tmp_path / "token"), read_token(None))
    with pytest.raises(NotAuthenticated, match="No such file"):
        read_token(tmp_path / "absent")
    with pytest.raises(NotAuthenticated, match="it is not text"):
        read_token(tmp_path / "picture")
