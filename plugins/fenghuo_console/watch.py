"""What the front and the channel of one node have in common: whether anybody would notice, and the way to lay something before them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from fenghuo import Notes

__all__ = ["WATCH", "Ear", "Order", "Watch"]

WATCH = "watch"
"""Its name among what the instances of the plugin share."""


class Order(msgspec.Struct, frozen=True):
    """What is laid before the watch: by which channel, the token of the emission, the desk it is for, and the text with its marks."""

    channel: str
    token: str
    desk: str
    text: str


class Ear:
    """Of one channel: `look` is called when somebody comes or the last one goes, `noticed` has the tokens of what was."""

    def __init__(self, look: Callable[[], None]) -> None:
        self.look = look
        self.noticed: asyncio.Queue[str] = asyncio.Queue()


class Watch:
    """`lay`: what a front does with an order; it is queued for every console when that returns. None: no front serves consoles here."""

    def __init__(self, _: Notes | None = None) -> None:
        self.armed = 0
        self.reload_s = 0.0
        self._ends: asyncio.TimerHandle | None = None
        self.lay: Callable[[Order], Awaitable[None]] | None = None
        self._listeners: dict[str, Ear] = {}

    @property
    def why_nobody(self) -> str:
        """Why nobody would notice, as a sentence; empty where somebody would."""
        if self.lay is None:
            return "no front of type console serves the consoles of this node"
        return "" if self.armed else "no console is armed"

    def stands(self, armed: int, *, is_cut: bool = False) -> None:
        """So many consoles would notice now. `is_cut`: a line is gone, which a page that is loaded anew has too: the last one may come back
        in a moment, and until then nobody is said to have left."""
        if not armed and self.armed and self.reload_s and (is_cut or self._ends is not None):
            if self._ends is None:
                self._ends = asyncio.get_running_loop().call_later(self.reload_s, self._become, 0)
            return
        self._become(armed)

    def serve(self, lay: Callable[[Order], Awaitable[None]] | None, *, reload_s: float = 0.0) -> None:
        """A front begins to serve, or ends. `reload_s`: how long whoever is cut off may take to come back."""
        self.lay, self.reload_s = lay, reload_s
        self._become(0)
        self._tell()

    def _become(self, armed: int) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None
        was, self.armed = bool(self.armed), armed
        if was is not bool(armed):
            self._tell()

    def listen(self, channel: str, look: Callable[[], None]) -> Ear:
        """Call `look` whenever somebody comes or the last one goes. The ear of this channel from here on."""
        ear = self._listeners[channel] = Ear(look)
        return ear

    def noticed(self, channel: str, token: str) -> None:
        """An armed console has drawn what this channel laid, and its tone has started. A channel that was stopped hears nothing."""
        if channel in self._listeners:
            self._listeners[channel].noticed.put_nowait(token)

    def leave(self, channel: str, ear: Ear) -> None:
        """The channel has stopped."""
        if self._listeners.get(channel) is ear:
            del self._listeners[channel]

    def _tell(self) -> None:
        for ear in tuple(self._listeners.values()):
            ear.look()
