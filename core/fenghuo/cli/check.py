"""`fenghuo check`: the node for a monitoring system, in the form of a Nagios plugin."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from fenghuo.cli import nagios
from fenghuo.cli.door import Where, connect, place
from fenghuo.cli.nagios import Grade, Judged
from fenghuo.cli.paper import clean, print_json
from fenghuo.cli.words import Word
from fenghuo.client.caller import Caller, CallFailed, Unreachable
from fenghuo.errors import FenghuoError

__all__ = ["check"]

TOPICS = ("channel", "queue", "clock", "probe", "cert", "disk")
QUEUE = (1_000.0, 10_000.0)
DISK = (80.0, 95.0)
CERT_DAYS = (30.0, 7.0)


@click.command()
@click.argument("topic", required=False, default="", type=Word("", *TOPICS), metavar=f"[{'|'.join(TOPICS)}]")
@click.option("--name", default="", help="One channel, for the topic channel.")
@click.option(
    "--warn",
    type=float,
    help="From where it is a warning: queued deliveries (1000), percent of the disk (80), days left of a certificate (30).",
)
@click.option("--crit", type=float, help="From where it is critical: queued deliveries (10000), percent of the disk (95), days (7).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--socket", type=click.Path(path_type=Path), help="Control socket of the daemon.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file that says where the daemon is.")
@click.option("--url", help="Ask over HTTP instead; the disk is not looked at then.")
@click.option("--token-file", type=click.Path(path_type=Path), help="File with the token to speak with.")
@click.pass_context
def check(ctx: click.Context, /, topic: str, *, as_json: bool, **said: object) -> None:
    """One line and an exit code for a monitoring system: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. Without a topic: all of them."""
    where = Where(**{name: said[name] for name in Where.__struct_fields__}).over(ctx.find_object(Where) or Where())  # type: ignore[arg-type]  # click has checked them
    judged = _judged(topic, where, str(said["name"]), (said["warn"], said["crit"]))
    if as_json:
        print_json({"grade": judged.grade.name, "says": judged.says, "figures": [msgspec.structs.asdict(one) for one in judged.figures]})
    else:
        click.echo(clean(nagios.line(topic, judged)))
    ctx.exit(judged.grade)


def _judged(topic: str, where: Where, name: str, limits: tuple[object, object]) -> Judged:
    try:
        looks = _looks(connect(where), where, name, limits)
        return looks[topic]() if topic else nagios.worst([look() for look in looks.values()])
    except Unreachable as error:
        return Judged(Grade.CRITICAL, str(error))
    except (CallFailed, FenghuoError, OSError) as error:
        return Judged(Grade.UNKNOWN, str(error))


def _looks(daemon: Caller, where: Where, name: str, limits: tuple[object, object]) -> dict[str, Callable[[], Judged]]:
    status = daemon.call("status")
    looks: dict[str, Callable[[], Judged]] = {
        "channel": lambda: nagios.channels(status["channels"], name),
        "queue": lambda: nagios.queue(status, *_limits(limits, QUEUE)),
        "clock": lambda: nagios.clock(status),
        "probe": lambda: nagios.probe(status),
        "cert": lambda: nagios.certificates(status, *_limits(limits, CERT_DAYS)),
    }
    if not where.url:
        looks["disk"] = lambda: _disk(where, *_limits(limits, DISK))
    return looks


def _limits(said: tuple[object, object], usual: tuple[float, float]) -> tuple[float, float]:
    warn, crit = (float(one) if isinstance(one, float) else other for one, other in zip(said, usual, strict=True))
    return warn, crit


def _disk(where: Where, warn: float, crit: float) -> Judged:
    folder = place(where.config).state if where.config else (where.socket or Path("/var/lib/fenghuo/-")).parent
    usage = shutil.disk_usage(folder)
    return nagios.disk(usage.free, usage.total, warn, crit)
