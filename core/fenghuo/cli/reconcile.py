"""`fenghuo reconcile`: after two nodes acted apart, this one takes from the other what it has not, by id, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import read_token, speaks
from fenghuo.cli.paper import clean, print_json
from fenghuo.client.caller import Caller
from fenghuo.client.socket import Control

__all__ = ["reconcile"]

AT_ONCE = 20
"""As many as the other brings in one answer."""
NOBODY: dict[str, list[str]] = {"taken": [], "known": [], "to_decide": []}


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
    """Compare heaps, then lines where heaps differ, then bring what is missing here."""
    there, here = theirs.call("reconcile.summary"), ours.call("reconcile.summary")
    differ = [heap for heap, digest in there["heaps"].items() if here["heaps"].get(heap) != digest]
    known = {line["key"] for line in ours.call("reconcile.lines", heaps=differ)} if differ else set()
    lines = theirs.call("reconcile.lines", heaps=differ) if differ else []
    missing = [line["key"] for line in lines if line["key"] not in known]
    result: dict[str, Any] = {"peer": there["node"], "heaps": len(differ), **{name: list(found) for name, found in NOBODY.items()}}
    for start in range(0, len(missing), AT_ONCE):
        brought = theirs.call("reconcile.bring", keys=missing[start : start + AT_ONCE])
        for name, found in ours.call("reconcile.take", peer=there["node"], messages=brought).items():
            result[name] += found
    return {**result, "settled": _settled(ours, theirs, there["node"])}


def _settled(ours: Caller, theirs: Caller, peer: str) -> list[str]:
    """What is open here and needs nobody any more, since the other node has reached them."""
    still = ours.call("reconcile.open")
    reached = theirs.call("reconcile.reached", keys=still) if still else []
    settled: list[str] = ours.call("reconcile.settle", peer=peer, messages=reached)["settled"] if reached else []
    return settled
