"""`fenghuo alert review` and `fenghuo alert sign`: what waits as people will hear it, and a signature for exactly that."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import read_token, speaks
from fenghuo.cli.paper import clean, colour, local, print_json, print_table
from fenghuo.cli.reading import raw_of
from fenghuo.client.caller import Caller, CallFailed

__all__ = ["agree", "review", "sign"]

ENVELOPE_SHOWN = 12
"""Letters of an envelope that are shown: enough to compare over a telephone, and what --envelope takes at the least."""
CHANNELS = ("channel", "form", "starts", "loud %", "sounds s", "health", "¥", "parts")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("id_or_file")
@click.option("--with", "signer", type=click.Path(path_type=Path), help="Token file of the person who is going to release it.")
@click.option("--media-type", default="", help="What the file is; by default it is looked at.")
@as_json
@speaks
def review(daemon: Caller, *, id_or_file: str, signer: Path | None, media_type: str, as_json: bool) -> None:
    """What waits for a signature, or a FILE that is not sent: every text, channel, area, how many people, how loud. Nothing is signed."""
    is_file = id_or_file == "-" or Path(id_or_file).is_file()
    named = {"raw": raw_of(id_or_file), "media_type": media_type} if is_file else {"id": id_or_file}
    shown = daemon.call("alert.review", **named, token=read_token(signer) if signer else "")
    print_json(shown) if as_json else show(shown)


@click.command()
@click.argument("id")
@click.option("--with", "signer", type=click.Path(path_type=Path), required=True, help="Token file of the person who releases it.")
@click.option("--revision", type=click.IntRange(min=1), help="Sign this revision only, and no newer one.")
@click.option("--envelope", default="", help="Sign what has this envelope and ask no more; its first 12 letters are enough.")
@as_json
@speaks
def sign(daemon: Caller, *, id: str, signer: Path, revision: int | None, envelope: str, as_json: bool) -> None:  # noqa: A002  # the word users know
    """Release a message that waits for a signature: it is shown as it will be heard, and exactly that is signed."""
    token = read_token(signer)
    shown = daemon.call("alert.review", id=id, token=token)
    check_named(shown, envelope, revision)
    if not as_json:
        show(shown)
    if not envelope:
        click.confirm(f"Sign {named(shown)} of {shown['id']}?", abort=True, err=True)
    asked = {"id": shown["id"], "token": token, "envelope": shown["envelope"], "revision": shown["revision"]}
    data = daemon.call("alert.sign", **asked)
    if as_json:
        print_json(data)
    else:
        click.echo(f"{data['id']} {named(data)} has {data['signatures']} of {data['needed']} signatures and is {data['state']}")


def agree(daemon: Caller, tokens: Sequence[str], *, envelope: str, as_json: bool, **what: Any) -> None:
    """Show each owner of these tokens what they are about to sign, and ask, unless they name its envelope. Raises: CallFailed."""
    shown = [daemon.call("alert.review", **what, token=token) for token in tokens][-1]
    check_named(shown, envelope)
    if not as_json:
        show(shown)
    if not envelope:
        click.confirm(f"Sign it, envelope {shown['envelope'][:ENVELOPE_SHOWN]}, by {len(tokens)} tokens?", abort=True, err=True)


def check_named(shown: dict[str, Any], envelope: str, revision: int | None = None) -> None:
    """Raises: UsageError: too few letters; CallFailed: what is shown is not what was named."""
    if envelope and len(envelope) < ENVELOPE_SHOWN:
        says = f"give its first {ENVELOPE_SHOWN} letters at least, as `fenghuo alert review` shows them"
        raise click.UsageError(f"--envelope is {envelope!r}; {says}")
    if revision not in (None, shown["revision"]) or not shown["envelope"].startswith(envelope):
        raise CallFailed("forbidden", f"{named(shown)} waits for a signature, and is not what you name; look again")


def named(what: dict[str, Any]) -> str:
    """Which revision, in which envelope."""
    return f"revision {what['revision']} (envelope {what.get('envelope', '')[:ENVELOPE_SHOWN] or 'none'})"


def show(data: dict[str, Any]) -> None:
    """A review on paper: first whether it is real, then what will be heard, by whom, how loud, and what would call it off."""
    click.echo(colour("LIVE" if data["live"] else f"{data['traffic'].upper()}, not real", "heading"))
    click.echo(f"{data['id']} {named(data)}  {data['priority']} {data['kind']} {data['action']}  {clean(data['headline'])}")
    signed = f"{len(data['signed'])} of {data['needed']} signed" + (f": {clean(', '.join(data['signed']))}" if data["signed"] else "")
    click.echo(f"by {clean(data['sender'])}, written by {clean(data['author'])}, until {local(data['expires'])}; {signed}")
    for why in data["widened"]:
        click.echo(f"  must be signed again: {clean(why)}")
    for made in data["renditions"]:
        _show_text(made)
    areas = ", ".join(clean(f"{area['name']} {area['area']}".strip()) for area in data["areas"]) or "no area"
    click.echo(f"\nareas: {areas}")
    for audience in data["audiences"]:
        click.echo(f"  {clean(audience['audience'])}: {audience['people']} people")
    click.echo(f"at the most: {_most(data)}")
    print_table(CHANNELS, (_channel(one) for one in data["channels"]))
    words = "drafted with it" if data["correction"]["drafted"] else "the standard words"
    click.echo(f"if one person calls it off ({words}): {clean(data['correction']['text'])}")
    click.echo(f"envelope {data['envelope']}, to be signed until {local(data['until'])}")


def _show_text(made: dict[str, Any]) -> None:
    seconds = f", {made['seconds']:.0f} s of a voice" if made["seconds"] else ""
    by = clean(", ".join(made["channels"]) or "none now")
    click.echo(f"\n{colour(clean(made['form']), 'heading')} by {by}{seconds}")
    for line in (made["text"] or f"cannot be made: {made['why_not']}").split("\n"):
        click.echo(f"    {clean(line)}")
    if made["left_out"]:
        click.echo(f"    left out: {clean(', '.join(made['left_out']))}")


def _most(data: dict[str, Any]) -> str:
    loud = f"{data['loudness']:g} % loud, {data['duration_s']:g} s a sounding" if data["loudness"] else "nothing sounds by itself"
    return f"first wave {data['first_wave']} people, {data['people']} with escalation, {loud}, ¥{data['cost_fen'] / 100:.2f}"


def _channel(one: dict[str, Any]) -> tuple[object, ...]:
    fee = "" if one["fee_fen"] is None else f"{one['fee_fen'] / 100:.2f}"
    loud = f"{one['loudness']:g}" if one["loudness"] else ""
    sounds = f"{one['sounds_s']:g}" if one["sounds_s"] else ""
    return (one["channel"], one["form"], "yes" if one["starts"] else "", loud, sounds, one["health"], fee, one["parts"])
