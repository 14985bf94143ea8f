"""The first settings file and rules of a new node, as `fenghuo config init` writes them."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_starter"]

SETTINGS = """\
# Settings of a Fenghuo node. Relative paths are relative to this file. `fenghuo config check` names every mistake.
[node]
name = "node-1"
state = "state"
rules = "rules.toml"

[web]
listen = "127.0.0.1:8025"

[fronts.api]
type = "http.api"

# The duty officers' page, at / of the web port. From other machines it takes a certificate: fenghuo cert init
[fronts.console]
type = "console"

# A way out, for example an SMS centre:
# [channels.sms-a]
# type = "sms.smpp"
# risk_groups = ["cell:opA"]
# [channels.sms-a.settings]
# host = "127.0.0.1"
"""

RULES = """\
# Which message needs whom, how surely, by when, and over which channels. `fenghuo route lint` names what cannot work.
# [ladders.responsible]
# min_risk_groups = 2
# [[ladders.responsible.rungs]]
# channels = ["sms-a"]
#
# [[rules]]
# name = "severe alerts"
# match = { kind = ["Alert"], severity = ["Extreme", "Severe"] }
# audience = { name = "responsible persons", roles = ["informant"], areas = "message" }
# needed = "DEVICE"
# ladder = "responsible"
"""

FILES = {"fenghuo.toml": SETTINGS, "rules.toml": RULES}


def write_starter(folder: Path) -> tuple[Path, ...]:
    """Write the files into `folder`. Raises: FileExistsError before anything is written when one is there, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if (folder / name).exists():
            raise FileExistsError(17, f"{name} is there already")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in FILES)
