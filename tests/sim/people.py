"""Devices and the people behind them: they drop copies, confirm, answer late, answer wrongly or never."""

from __future__ import annotations

import re

from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import InboundKind
from fenghuo.rig.world.bearer import Bearer, Frame, Word
from fenghuo.rig.world.log import Shown, World

NUMBER = re.compile(r"#(\d{4})")


class People:
    """All devices of the county, whatever bearer they hang on. `answer`: share of people who answer at all."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answer = 0.5
        self.confirm = 0.97
        self._had: set[tuple[str, str, int]] = set()
        self._tokens: set[tuple[str, str]] = set()

    def receive(self, bearer: Bearer, frame: Frame) -> None:
        """A frame arrives at a device: a repetition by the network is dropped, a copy by us is shown only when it is marked."""
        if (frame.address, frame.token, frame.n) in self._had:
            return
        self._had.add((frame.address, frame.token, frame.n))
        is_copy = (frame.address, frame.token) in self._tokens
        self._tokens.add((frame.address, frame.token))
        if not is_copy or "重发" in frame.text:
            self.world.add(Shown, bearer.way.name, frame.address, frame.token, frame.n, frame.text)
        if bearer.way.name == "siren":
            return
        self._confirm(bearer, frame)
        if not is_copy and self.world.chance.random() < self.answer:
            self.world.later(self.world.chance.lognormvariate(4.5, 1.5), self._answer, bearer, frame)

    def _confirm(self, bearer: Bearer, frame: Frame) -> None:
        chance = self.world.chance
        if chance.random() < self.confirm:
            word = Word(0, InboundKind.RECEIPT, frame.address, frame.ref, frame.token, frame.n, Evidence.DEVICE)
            self.world.later(chance.expovariate(1 / 1.5), bearer.say, word)
        elif chance.random() < 0.3:
            word = Word(0, InboundKind.RECEIPT, frame.address, frame.ref, frame.token, frame.n, Evidence.DEVICE, refused=True)
            self.world.later(chance.expovariate(1 / 1.5), bearer.say, word)

    def _answer(self, bearer: Bearer, frame: Frame) -> None:
        chance = self.world.chance
        number = NUMBER.search(frame.text)
        words = ["收到", "好的", "完成"]
        if number:
            words += [f"收到 {number[0]}", f"收到{number[1]}", f"完成 {number[0]}"]
        text = chance.choice(words)
        level = Evidence.DONE if text.startswith("完成") else Evidence.HUMAN
        bearer.say(Word(0, InboundKind.ANSWER, frame.address, "", frame.token, frame.n, level, text))
