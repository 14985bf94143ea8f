"""The folder of mode profiles that the settings name: read at a start and on SIGHUP, every mistake a sentence."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fenghuo.engine.modes_profile import Profiles, read_profiles, strangers
from fenghuo.errors import SettingsError
from fenghuo.model.situation import Admin
from fenghuo.service.settings import Settings

__all__ = ["load_profiles"]


def load_profiles(settings: Settings) -> Profiles:
    """The profiles of the settings' folder, none where they name none. Blocks. Raises: SettingsError with every mistake found."""
    folder = settings.node.modes
    if folder is None:
        return {}
    try:
        texts = {f"{folder.name}/{file.name}": file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.toml"))}
    except (OSError, UnicodeDecodeError) as refusal:
        raise SettingsError((f"{folder.name}: cannot be read: {refusal}",)) from refusal
    profiles = read_profiles(texts)
    channels = [channel.name for channel in settings.channels]
    media = [channel.medium for channel in settings.channels]
    standby = {channel.name for channel in settings.channels if channel.admin is Admin.STANDBY}
    unknown = (*strangers(profiles, channels, media, [token.name for token in settings.tokens]), *_idle(profiles, standby))
    if unknown:
        raise SettingsError(tuple(f"{folder.name}: {fault}" for fault in unknown))
    return profiles


def _idle(profiles: Profiles, standby: Collection[str]) -> Iterator[str]:
    """What would bring in a channel that is in already."""
    for profile in profiles.values():
        for name in (*profile.automatic.enable, *profile.declared.enable):
            if name not in standby:
                yield f'mode {profile.axis} {profile.mode}: enables {name!r}, not on standby; set channels.{name}.admin = "standby"'
