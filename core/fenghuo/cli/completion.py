"""`fenghuo completion SHELL`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

__all__ = ["completion"]


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print the completion script for SHELL, for example: eval "$(fenghuo completion bash)"."""
    kind = get_completion_class(shell)
    assert kind is not None
    maker = kind(ctx.find_root().command, {}, "fenghuo", "_FENGHUO_COMPLETE")
    # click's source() asks the installed bash for its version; the script itself needs no shell to be printed.
    click.echo(maker.source_template % maker.source_vars())
