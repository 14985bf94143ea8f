"""Groups whose commands are imported when they are called, so that `fenghuo status` pays for `status` alone."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click
import msgspec

__all__ = ["LazyGroup", "Verb"]


class Verb(msgspec.Struct, frozen=True):
    """Where a command lives (`module:attribute`) and its line of help, so that listing commands imports none of them."""

    at: str
    help: str


class LazyGroup(click.Group):
    """A click group over a table of verbs."""

    def __init__(self, *args: Any, verbs: Mapping[str, Verb], **kwargs: Any) -> None:  # click's own parameters
        super().__init__(*args, **kwargs)
        self.verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.verbs, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        verb = self.verbs.get(cmd_name)
        return super().get_command(ctx, cmd_name) if verb is None else _loaded(verb)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self.verbs[name].help) for name in sorted(self.verbs)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def _loaded(verb: Verb) -> click.Command:
    module, _, attribute = verb.at.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    return command
