"""Secrets: read from a file or a systemd credential, made at the first start where asked, never shown and never shipped.

Source: systemd.exec(5), LoadCredential= and $CREDENTIALS_DIRECTORY.
"""

from __future__ import annotations

import os
import secrets as randomness
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fenghuo.errors import ConfigError

if TYPE_CHECKING:
    from fenghuo.service.settings import Settings, TokenSettings

__all__ = ["CREDENTIAL", "Secret", "is_exposed", "locate", "make_token", "open_tokens", "read_secret", "secret_reader"]

CREDENTIAL = "credential:"
"""Prefix of a reference to a systemd credential, wherever a plugin's settings name a secret file."""

TOKEN_BYTES = 32
"""256 random bits: not to be guessed, and short enough for one line."""

LARGEST_SECRET = 64 * 1024
"""Octets; a bigger file is some other file named by mistake."""


class Secret:
    """A secret that does not show itself in logs, reprs and tracebacks; `reveal()` is easy to find in a review."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself, for the one call that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(hidden)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and randomness.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


def locate(reference: str, base: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The file behind `secrets/a.token` (relative to `base`) or `credential:NAME`. Raises: ConfigError outside systemd."""
    if not reference.startswith(CREDENTIAL):
        return base / reference
    name = reference.removeprefix(CREDENTIAL)
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise ConfigError(
            f'the credential "{name}" cannot be read: $CREDENTIALS_DIRECTORY is not set; systemd sets it with LoadCredential={name}:FILE'
        )
    if "/" in name or name in ("", ".", ".."):
        raise ConfigError(f'the credential "{name}" has no usable name; it must be the name in LoadCredential=NAME:FILE')
    return Path(folder) / name


def read_secret(reference: str, base: Path, environment: Mapping[str, str] = os.environ) -> str:
    """The secret's text without the final line break. Raises: ConfigError with a sentence when there is none to be had."""
    path = locate(reference, base, environment)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"the file {path} does not exist") from None
    except OSError as refusal:
        raise ConfigError(f"the file {path} cannot be read: {refusal.strerror}") from refusal
    if len(raw) > LARGEST_SECRET:
        raise ConfigError(f"the file {path} has {len(raw)} octets; a secret has at most {LARGEST_SECRET}")
    return _text(raw, path)


def _text(raw: bytes, path: Path) -> str:
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(f"the file {path} is not UTF-8 text") from None
    if not text.strip():
        raise ConfigError(f"the file {path} is empty; it must hold the secret")
    return text


def is_exposed(path: Path) -> bool:
    """Whether others than the owner and the group may read the file."""
    return bool(path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))


def secret_reader(base: Path, environment: Mapping[str, str] = os.environ) -> Callable[[str], str]:
    """What a channel's `ctx.secret` calls."""
    return lambda reference: read_secret(reference, base, environment)


def open_tokens(settings: Settings, environment: Mapping[str, str] = os.environ) -> dict[str, Secret]:
    """Every token by the name of its owner; a missing one is made where `generate = true`, readable by the owner only (0600).

    Raises: ConfigError when a token cannot be read or made.
    """
    return {token.name: _open_token(token, settings.base, environment) for token in settings.tokens}


def _open_token(token: TokenSettings, base: Path, environment: Mapping[str, str]) -> Secret:
    if token.generate and not locate(token.reference, base, environment).exists():
        make_token(locate(token.reference, base, environment))
    return Secret(read_secret(token.reference, base, environment))


def make_token(path: Path) -> None:
    """Write a new random token to `path`, mode 0600, on the disk when this returns; an existing file is left alone.

    Raises: ConfigError when the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(path, "x", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(randomness.token_urlsafe(TOKEN_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return
    except OSError as refusal:
        raise ConfigError(f"the token file {path} cannot be made: {refusal.strerror}") from refusal
