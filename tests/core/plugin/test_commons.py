"""What instances of one plugin have in common."""

from __future__ import annotations

from fenghuo.plugin.commons import Commons
from fenghuo.plugin.context import LoneNotes
from fenghuo.plugin.ports import Notes


async def test_each_thing_is_made_once_for_each_plugin_with_notes_of_its_own() -> None:
    """Two instances get one; another plugin, or another name, gets another."""
    opened: list[str] = []

    def open_notes(name: str) -> Notes:
        opened.append(name)
        return LoneNotes()

    commons = Commons(open_notes)
    first = commons.of("vsat", "sz", lambda notes: [notes])
    assert first is commons.of("vsat", "sz", lambda notes: ["never made"])
    assert first[0] is not commons.of("mqtt", "sz", lambda notes: [notes])[0]
    assert ["vsat/sz", "mqtt/sz"] == opened
