"""Nothing secret is shipped: none in what is installed, and everything that a first start makes is made of chance."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.service.test_daemon import LEAST, TOKEN, serving

ROOT = Path(__file__).parents[1]
SHIPPED = ("core", "adapters", "plugins", "config", "systemd")
"""What is installed or what an operator starts from."""
FAR_ENDS = re.compile(r"/conformance[^/]*\.py$|/fenghuo/rig/")
"""What is both ends of a dialogue by itself, on loopback or in a simulation: what they say to each other opens nothing."""
SECRET = re.compile(r"(^|_)(password|passwd|passphrase|secret|token|psk|api_?key|pin|private_key)$", re.IGNORECASE)
LOOKS_LIKE = re.compile(r"(?i:password|passwd|passphrase|secret|token|psk|api_?key|pin|private_key)[\"']?\s*(:[^=\n]{1,40})?[=:]\s*b?[\"']")
"""A source without this has none, and need not be parsed: that would take seconds for all of them."""
PRIVATE = re.compile(r"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}")
URL = re.compile(r"://[^/\s:@\"'{}<]+:[^/\s:@\"'{}<]{3,}@")
"""A password in an address."""

Named = tuple[str, ast.expr | None]


def _of(node: ast.AST) -> Iterator[Named]:
    """Names and what stands under them, wherever Python can put a value under a name."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((_name(target), value) for target in targets)
        case ast.AnnAssign(target=target, value=value):
            yield _name(target), value
        case ast.keyword(arg=name, value=value):
            yield name or "", value
        case ast.Dict(keys=keys, values=values):
            yield from ((str(key.value), value) for key, value in zip(keys, values, strict=True) if isinstance(key, ast.Constant))
        case ast.arguments():
            places = [*node.posonlyargs, *node.args][-len(node.defaults) :] if node.defaults else []
            yield from ((one.arg, value) for one, value in zip(places, node.defaults, strict=True))
            yield from ((one.arg, value) for one, value in zip(node.kwonlyargs, node.kw_defaults, strict=True))


def _name(target: ast.expr) -> str:
    return target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""


def in_python(text: str) -> list[str]:
    """Names of secrets under which a text stands in this source."""
    named = (pair for node in ast.walk(ast.parse(text)) for pair in _of(node))
    return [name for name, value in named if SECRET.search(name) and _is_text(value)]


def _is_text(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str | bytes) and bool(value.value)


def in_toml(value: object, name: str = "") -> Iterator[str]:
    """Keys of secrets under which a text stands in these settings; where one lies (`…_file`) may be said."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from in_toml(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from in_toml(inner, name)
    elif isinstance(value, str) and value and SECRET.search(name):
        yield name


def secrets_in(file: Path) -> list[str]:
    """What is secret in one file, by its kind."""
    text = file.read_text(encoding="utf-8", errors="replace")
    found = [what for what, pattern in (("a private key", PRIVATE), ("a password in an address", URL)) if pattern.search(text)]
    if file.suffix == ".py" and LOOKS_LIKE.search(text) and not FAR_ENDS.search(file.as_posix()):
        found += in_python(text)
    return [*found, *(in_toml(tomllib.loads(text)) if file.suffix == ".toml" else ())]


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    """In each place in which Python and TOML can have one."""
    python = """
PASSWORD = "a"
self.psk: str = "a"
f(token="a", key_file="b")
{"api_key": b"a"}
def f(x, secret="a", *, pin="1"): ...
"""
    assert {"PASSWORD", "psk", "token", "api_key", "secret", "pin"} == set(in_python(python))
    assert all(LOOKS_LIKE.search(line) for line in python.strip().splitlines())
    assert ["password"] == list(in_toml({"channels": [{"password": "a", "password_file": "b", "token": ""}]}))
    key = tmp_path / "a.txt"
    key.write_text("-----BEGIN EC PRIVATE KEY-----\n" + "A" * 64 + "\nhttp://admin:admin@10.0.0.1/", encoding="utf-8")
    assert ["a private key", "a password in an address"] == secrets_in(key)


@pytest.mark.may_block("every file that is shipped is read")
@pytest.mark.timeout(60)
def test_no_secret_is_in_what_is_shipped() -> None:
    """No key, no token, no password, in no source and in no settings to start from."""
    files = [file for folder in SHIPPED for file in (ROOT / folder).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert 500 < len(files)
    kinds = (".py", ".toml", ".conf", ".service", ".rules", ".csv", ".js", ".json", ".html", "")
    found = {str(file.relative_to(ROOT)): said for file in files if file.suffix in kinds and (said := secrets_in(file))}
    assert {} == found


@pytest.mark.e2e
@pytest.mark.may_block("it reads the files of processes of its own")
@pytest.mark.timeout(60)
async def test_two_first_starts_have_no_secret_in_common(tmp_path: Path) -> None:
    """The folder of each is for its owner alone, and so is each key and token, unlike the other's; nobody has an account there."""
    text = LEAST + TOKEN + '[web]\nlisten = "127.0.0.1:0"\n[accounts]\nmemory_kib = 8\npasses = 1\n'
    made: list[dict[str, bytes]] = []
    codes: list[str] = []
    for name in ("here", "there"):
        folder = tmp_path / name
        folder.mkdir()
        async with serving(folder, text) as process:
            codes.append((await process.said()).rpartition(" ")[2])
            assert [] == await process.ask("ctl", "account.ls")
        assert 0 == (folder / "state").stat().st_mode & 0o077
        files = [file for file in (folder / "state").rglob("*") if file.suffix in (".token", ".key")]
        assert set() == {file.name for file in files if file.stat().st_mode & 0o077}
        made.append({str(file.relative_to(folder)): file.read_bytes() for file in files})
    here, there = made
    assert {"state/ctl.token", "state/duty.token", "state/accounts.key"} <= here.keys() == there.keys()
    assert set() == {name for name, octets in here.items() if octets == there[name]}
    assert codes[0] != codes[1]
    assert all(re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", code) for code in codes)
