"""Secrets that a command needs: asked for at a terminal without an echo, else the next line of standard input; never an argument."""

from __future__ import annotations

import sys

import click

__all__ = ["proof", "secret"]


def secret(what: str, *, again: bool = False, empty: bool = False) -> str:
    """One secret. `again`: typed twice at a terminal; `empty`: nothing is an answer."""
    if sys.stdin.isatty():
        said: str = click.prompt(
            what, hide_input=True, confirmation_prompt=again, default="" if empty else None, show_default=False, err=True
        )
        return said
    return sys.stdin.readline().rstrip("\r\n")


def proof(name: str) -> dict[str, str]:
    """Who acts, as the verbs of people's own acts take it: two lines without a terminal, password and code."""
    return {"name": name, "password": secret("Password"), "code": secret("Code of the second factor, empty without", empty=True)}
