"""Posts of the narrow link for tests: settings of a channel "radio.link", and the secret files beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.e2e.node import Node, Person

__all__ = ["GROUP", "HEAD", "Endpoint", "endpoint", "head", "relay", "secret_of", "town"]

HEAD = 1
GROUP = 200
# What a direwolf of the tests needs of each speed: key up and down, and how long its way to a free channel may take.
MODEMS: Mapping[int, Mapping[str, Any]] = {
    1200: {"bitrate": 1200.0, "txdelay_ms": 300, "txtail_ms": 100},
    9600: {"bitrate": 9600.0, "txdelay_ms": 50, "txtail_ms": 30, "slot_ms": 50, "access_s": 0.4, "fragment_s": 0.5},
}


def town(code: int) -> str:
    """The callsign of the endpoint with this node code."""
    return f"BJ1T{code:02d}"


def secret_of(folder: Path, name: str, number: int) -> str:
    """A secret file of 32 octets that both ends make alike; its name."""
    path = folder / f"{name}.key"
    path.write_text(bytes((number + at) % 256 for at in range(32)).hex())
    path.chmod(0o600)
    return path.name


def relay(folder: Path, port: int, code: int, villages: Sequence[int], *, baud: int = 1200, **more: Any) -> dict[str, Any]:
    """The channel of a town, node `code`, to the villages below it, which it calls together."""
    posts = {town(each): {"code": each, "key_id": each, "secret_file": secret_of(folder, town(each), each)} for each in villages}
    groups = {"villages": _group(folder, villages, code)}
    return _channel(port, town(code), code, posts, baud=baud, groups=groups, **more)


def head(folder: Path, port: int, towns: Sequence[int], *, baud: int = 1200, is_called: bool = False, **more: Any) -> dict[str, Any]:
    """The channel of the centre, node 1, to these towns; `is_called`: they are a group as well."""
    posts = {town(code): {"code": code, "key_id": code, "secret_file": secret_of(folder, town(code), code)} for code in towns}
    groups = {"towns": _group(folder, towns)} if is_called else {}
    return _channel(port, "BJ1CMD", HEAD, posts, baud=baud, groups=groups, **more)


def endpoint(
    folder: Path, port: int, code: int, *, baud: int = 1200, members: Sequence[int] = (), above: int = HEAD, **more: Any
) -> dict[str, Any]:
    """The channel of a town to the centre, or of a village to the town `above` it."""
    post = {"code": above, "key_id": code, "secret_file": secret_of(folder, town(code), code), "is_head": True}
    posts = {"BJ1CMD" if above == HEAD else town(above): post}
    groups = {"towns": _group(folder, members, above)} if members else {}
    return _channel(port, town(code), code, posts, baud=baud, groups=groups, **more)


class Endpoint(Node):
    """A town: the daemon with role = "endpoint", its channel to the head, and a printer that is a file; `rules`: it passes on by these."""

    def __init__(
        self,
        folder: Path,
        channel: Mapping[str, Any],
        *,
        rules: str = "",
        persons: Sequence[Person] = (),
        above: str = "BJ1CMD",
        more: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    ) -> None:
        super().__init__(folder, channels={"link": channel, **more}, persons=persons, rules=rules, extra=_PLACE.format(above=above))
        file = folder / "fenghuo.toml"
        stands = 'rules = "rules.toml"\ndirectory = "people"'
        role = "\n".join((_ROLE, *(stands.split("\n")[: 2 if persons else 1] if rules else ())))
        file.write_text(file.read_text(encoding="utf-8").replace(stands, role), encoding="utf-8")
        if not rules:
            (folder / "rules.toml").unlink()

    def printed(self) -> str:
        """Everything that came out of the printer."""
        paper = self.folder / "paper"
        return paper.read_text(encoding="utf-8") if paper.exists() else ""


_ROLE = 'role = "endpoint"'
_PLACE = '[endpoint]\nup = {{callsign = "{above}"}}\nprinter = "paper"\n[fronts.page]\ntype = "http.endpoint"\n'


def _group(folder: Path, members: Sequence[int], above: int = HEAD) -> dict[str, Any]:
    return {"code": GROUP, "key_id": GROUP, "secret_file": secret_of(folder, "group", GROUP), "head": above, "members": list(members)}


def _channel(
    port: int, call: str, code: int, posts: Mapping[str, Any], *, baud: int, groups: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    base = {"host": "127.0.0.1", "port": port, "mycall": call, "code": code, **MODEMS[baud], "posts": posts, "groups": groups}
    return {"type": "radio.link", "settings": {**base, "reopen_max_s": 1.0, "heard_every_s": 1.0, **more}}
