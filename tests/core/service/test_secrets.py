"""Secrets: where they are read, how they are made, and that they do not show themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.errors import ConfigError
from fenghuo.plugin.host import load_plugins
from fenghuo.service.secrets import Secret, make_token, open_tokens, read_secret, secret_reader
from fenghuo.service.settings import load


def test_a_secret_loses_its_final_line_break_only(tmp_path: Path) -> None:
    """Spaces inside and around a password are part of it."""
    (tmp_path / "a").write_bytes(b" hush hush \r\n")
    assert " hush hush " == read_secret("a", tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\n", "is empty; it must hold the secret"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"x" * 70_000, "has 70000 octets; a secret has at most 65536"),
    ],
)
def test_a_file_that_is_no_secret_is_refused(content: bytes, sentence: str, tmp_path: Path) -> None:
    """An empty, binary or huge file is refused with a sentence."""
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ConfigError) as refusal:
        read_secret("a", tmp_path)
    assert f"the file {tmp_path}/a {sentence}" == str(refusal.value)


def test_a_credential_is_read_from_its_folder_alone(tmp_path: Path) -> None:
    """`credential:NAME` reads systemd's folder, and no name leads out of it."""
    (tmp_path / "met").write_text("hush\n")
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert "hush" == secret_reader(Path("/nowhere"), environment)("credential:met")
    with pytest.raises(ConfigError, match="has no usable name"):
        read_secret("credential:../met", tmp_path, environment)


def test_a_secret_does_not_show_itself() -> None:
    """Neither repr nor str nor a format gives a secret away; equal secrets are equal."""
    secret = Secret("hush")
    assert "hush" not in f"{secret} {secret!r}"
    assert "hush" == secret.reveal()
    assert Secret("hush") == secret != Secret("other")


def test_a_missing_token_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """The first start makes the token with mode 0600 in the state folder; the second one keeps it."""
    (tmp_path / "rules.toml").write_text("")
    (tmp_path / "f.toml").write_text(
        '[node]\nname = "x"\n[tokens.duty]\nfile = "state/duty.token"\ngenerate = true\nrights = ["operator"]\n'
    )
    settings = load(tmp_path / "f.toml", load_plugins([]))
    first = open_tokens(settings)["duty"]
    assert 0o600 == (tmp_path / "state" / "duty.token").stat().st_mode & 0o777
    assert len(first.reveal()) >= 43
    assert first == open_tokens(settings)["duty"]


def test_a_token_is_never_overwritten(tmp_path: Path) -> None:
    """Making a token where one is leaves it alone."""
    (tmp_path / "t").write_text("mine\n")
    make_token(tmp_path / "t")
    assert "mine\n" == (tmp_path / "t").read_text()
