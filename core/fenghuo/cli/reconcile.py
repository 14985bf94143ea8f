"""`fenghuo reconcile`: after two nodes acted apart, this one takes from the other what it has not, by id, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import read_token, speaks
from fenghuo.cli.paper import clean, print_json
from fenghuo.client.caller import Caller
from fenghuo.client.socket import Control
from fenghuo.engine.reconciliation import reconciliation

__all__ = ["reconcile"]


@click.command()
@click.argument("peer", metavar="SOCKET", type=click.Path(path_type=Path))
@click.option("--peer-token-file", type=click.Path(path_type=Path), required=True, help="File with a token of the other node.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def reconcile(daemon: Caller, *, peer: Path, peer_token_file: Path, as_json: bool) -> None:
    """Take from the node behind SOCKET what it accepted and this one has not. Records: nobody is told anything a second time.

    An order that is open here is waived where everybody whom it misses was reached there. SOCKET is the other node's control
    socket, forwarded by ssh -L. Run it at both. Exit 1 if something is for a person to decide.
    """
    result = reconciled(daemon, Control(peer, read_token(peer_token_file)))
    if as_json:
        print_json(result)
    else:
        click.echo(clean(f"from {result['peer']}: {len(result['taken'])} taken, {len(result['to_decide'])} for a person to decide"))
        for ident in (*result["taken"], *result["to_decide"]):
            click.echo(clean(ident))
        for ident in result["settled"]:
            click.echo(clean(f"{ident} is over here: everybody who was missing was reached there"))
    click.get_current_context().exit(1 if result["to_decide"] else 0)


def reconciled(ours: Caller, theirs: Caller) -> dict[str, Any]:
    """Ask both until the one knows what the other has."""
    asking = reconciliation()
    answer: Any = None
    while True:
        try:
            ask = asking.send(answer)
        except StopIteration as end:
            result: dict[str, Any] = end.value
            return result
        answer = (ours if ask.is_ours else theirs).call(ask.verb, **ask.args)
