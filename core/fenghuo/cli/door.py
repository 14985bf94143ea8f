"""Finding the daemon: which socket or URL, and which token to speak with."""

from __future__ import annotations

import functools
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from fenghuo.client.caller import Caller
from fenghuo.client.socket import Control
from fenghuo.errors import NotAuthenticated, SettingsError
from fenghuo.plugin.conformance import RECORDS

__all__ = ["URL_HELP", "Place", "Where", "connect", "located", "place", "read_token", "speaks"]

R = TypeVar("R")

URL_HELP = (
    "Ask over HTTP instead, for example http://10.1.1.5:8025: alert (but preview), channel ls and show, log, queue ls and show, send, "
    "status. The other verbs take the control socket."
)
DEFAULT_SOCKET = Path("/run/fenghuo/ctl.sock")
DEFAULT_CONFIG = Path("/etc/fenghuo/fenghuo.toml")
"""Where a package puts it: it says where the socket and the token are, unless the command does."""
TOKEN_NAME = "ctl.token"


class Where(msgspec.Struct, frozen=True):
    """What the user said about the daemon; None where he said nothing."""

    socket: Path | None = None
    config: Path | None = None
    url: str | None = None
    token_file: Path | None = None

    def over(self, outer: Where) -> Where:
        """These words where there are any, else those said before the verb."""
        return Where(**{name: getattr(self, name) or getattr(outer, name) for name in self.__struct_fields__})


class Place(msgspec.Struct, frozen=True):
    """Where a settings file puts the daemon: its socket, its state folder, and the conformance kit's records."""

    socket: Path
    state: Path
    records: Path = Path(RECORDS)


def speaks(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options that find the daemon, and a Caller as its first argument."""

    @click.option("--socket", type=click.Path(path_type=Path), help="Control socket of the daemon.")
    @click.option("--config", type=click.Path(path_type=Path), help="Settings file that says where the daemon is.")
    @click.option("--url", help=URL_HELP)
    @click.option("--token-file", type=click.Path(path_type=Path), help="File with the token to speak with.")
    @click.pass_context
    def found(ctx: click.Context, /, **kwargs: Any) -> R:  # the options of whatever command is wrapped
        said = Where(**{name: kwargs.pop(name) for name in Where.__struct_fields__})
        return command(connect(said.over(ctx.find_object(Where) or Where())), **kwargs)

    return functools.update_wrapper(found, command)


def located(group: Callable[..., R]) -> Callable[..., R]:
    """Give a group that answers by itself, too, the options that find the daemon; its commands begin with what was said to it."""

    @click.option("--socket", type=click.Path(path_type=Path), help="Control socket of the daemon.")
    @click.option("--config", type=click.Path(path_type=Path), help="Settings file that says where the daemon is.")
    @click.option("--url", help=URL_HELP)
    @click.option("--token-file", type=click.Path(path_type=Path), help="File with the token to speak with.")
    @click.pass_context
    def found(ctx: click.Context, /, **kwargs: Any) -> R:  # the options of whatever group is wrapped
        said = Where(**{name: kwargs.pop(name) for name in Where.__struct_fields__})
        ctx.obj = said.over(ctx.find_object(Where) or Where())
        return group(**kwargs)

    return functools.update_wrapper(found, group)


def connect(where: Where) -> Caller:
    """A Caller for what was said. Raises: SettingsError, NotAuthenticated; whether a daemon answers shows at the first call."""
    if where.url:
        from fenghuo.client.http import Web

        return Web(where.url, read_token(where.token_file or _environment("FENGHUO_TOKEN_FILE")))
    found = _place(where)
    named = where.token_file or _environment("FENGHUO_TOKEN_FILE")
    # A daemon that is not there is "unreachable", and its missing token file no second fault.
    usual = [path for path in (found.socket.parent / TOKEN_NAME, found.state / TOKEN_NAME) if path.exists()]
    return Control(found.socket, read_token(named or next(iter(usual), None)))


def place(config: Path) -> Place:
    """Where `config` puts them, read without plugins and without judging the rest of the file.

    Raises: SettingsError when it is no readable TOML.
    """
    try:
        raw = tomllib.loads(config.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError((f"{config}: cannot be read: {error}",)) from error
    base = config.absolute().parent
    state = base / _text(raw, "node", "state", "state")
    socket = base / _text(raw, "control", "socket", str(state / "ctl.sock"))
    records = base / _text(raw, "plugins", "records", str(state / RECORDS))
    # As the daemon reads them: a Unix socket's path may have 107 bytes, and steps up count.
    return Place(*(Path(os.path.normpath(path)) for path in (socket, state, records)))


def read_token(path: Path | None) -> str:
    """The token in a file, empty for no file. Raises: NotAuthenticated when the file that was named cannot be read."""
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise NotAuthenticated(f"the token file {path} cannot be read: {reason}") from error


def _place(where: Where) -> Place:
    socket = where.socket
    if socket is None and where.config is not None:
        return place(where.config)
    if socket is None and _environment("FENGHUO_SOCKET") is None and os.access(DEFAULT_CONFIG, os.R_OK):
        return place(DEFAULT_CONFIG)
    socket = socket or _environment("FENGHUO_SOCKET") or DEFAULT_SOCKET
    state = place(where.config).state if where.config is not None else socket.parent
    return Place(socket, state)


def _environment(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value) if value else None


def _text(raw: dict[str, Any], table: str, key: str, default: str) -> str:
    section = raw.get(table, {})
    value = section.get(key, default) if isinstance(section, dict) else default
    if not isinstance(value, str):
        raise SettingsError((f"[{table}] {key} must be text",))
    return value
