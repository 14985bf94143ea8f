"""The file `incidents.toml` in the folder of the directory: clocks, sources that open incidents, places of danger. Whole or not at all."""

from __future__ import annotations

from pathlib import Path

from fenghuo.command.duties import CommandRules, read_command_rules
from fenghuo.errors import SettingsError

__all__ = ["FILE", "command_rules_of"]

FILE = "incidents.toml"


def command_rules_of(folder: Path) -> CommandRules:
    """What the operator's folder says; without the file there are no clocks. Blocks. Raises: SettingsError with every fault."""
    path, name = folder / FILE, f"{folder.name}/{FILE}"
    try:
        return read_command_rules(path.read_text(encoding="utf-8"), name)
    except FileNotFoundError:
        return CommandRules()
    except OSError as error:
        raise SettingsError((f"{name}: cannot be read: {error.strerror}",)) from error
    except UnicodeDecodeError as error:
        raise SettingsError((f"{name}: is not UTF-8 at octet {error.start}; save it as UTF-8",)) from error
