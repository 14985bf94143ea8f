"""Closed words on the command line: any case is taken, and a mistake is told the words as they are documented."""

from __future__ import annotations

import click

__all__ = ["Word"]


class Word(click.Choice[str]):
    """One of some words."""

    def __init__(self, *words: str) -> None:
        super().__init__(words, case_sensitive=False)

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        return f"{str(value)!r} is not one of {', '.join(self.choices)}"
