"""`fenghuo serve`."""

from __future__ import annotations

from pathlib import Path

import click

from fenghuo.service.daemon import serve as run_daemon

__all__ = ["serve"]


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file; without it, the one named before the verb.")
@click.option("--exercise", is_flag=True, help="Refuse traffic Actual on every channel.")
@click.pass_context
def serve(ctx: click.Context, *, config: Path | None, exercise: bool) -> None:
    """Run the daemon in the foreground until SIGTERM; prints one line when ready."""
    named = config or ctx.find_root().params.get("config")
    if named is None:
        raise click.UsageError("which settings? Give --config FILE.", ctx)
    ctx.exit(run_daemon(named, exercise=exercise))
