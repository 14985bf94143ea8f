"""The far end that we ship: config/endpoint.example.toml, as `fenghuo config check` finds it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import fenghuo_console
import fenghuo_http
import fenghuo_narrowband
from fenghuo.cli.main import root
from fenghuo.engine.routing import route
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message
from fenghuo.model.traffic import Kind
from fenghuo.plugin.host import load_plugins
from fenghuo.service.endpoint import endpoint_directory
from fenghuo.service.settings import load, load_rules
from tests.core.formats import compact_values

CONFIG = Path(__file__).parents[3] / "config"
RULES = "rules.endpoint.example.toml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The example as an operator copies it, its one secret still missing."""
    for name in ("endpoint.example.toml", RULES):
        (tmp_path / name).write_bytes((CONFIG / name).read_bytes())
    return tmp_path / "endpoint.example.toml"


def put_the_secret_in_place(file: Path) -> None:
    (file.parent / "secrets").mkdir()
    (file.parent / "secrets" / "link.key").write_text("0f" * 32)
    (file.parent / "secrets" / "link.key").chmod(0o600)


def checked(file: Path) -> tuple[int, list[str]]:
    """Exit code and lines of `fenghuo config check`."""
    ran = CliRunner().invoke(root, ["config", "check", str(file)])
    return ran.exit_code, ran.stderr.splitlines()


def test_all_that_it_lacks_is_its_secret(file: Path) -> None:
    """Nothing else of it has to be written or made before the first start."""
    code, (fault,) = checked(file)
    secret = file.parent / "secrets" / "link.key"
    assert (78, f"{file.name}: channels.link.settings.posts cannot be used: the file {secret} does not exist") == (code, fault)
    put_the_secret_in_place(file)
    assert (0, []) == checked(file)


def test_it_is_a_far_end(file: Path) -> None:
    """The role, whom it reports to, the sealed link, a screen, and the page on which a person has a key."""
    put_the_secret_in_place(file)
    settings = load(file, load_plugins([fenghuo_narrowband, fenghuo_http, fenghuo_console]))
    assert settings.node.endpoint is not None
    assert {"callsign": "BH4TCC"} == settings.node.endpoint.up
    assert {"screen": "post.screen", "link": "radio.link"} == {channel.name: channel.type for channel in settings.channels}
    assert "http.endpoint" in {front.type for front in settings.fronts}
    assert ["operator"] == [right for token in settings.tokens for right in token.rights if right == "operator"]


@pytest.mark.parametrize(
    ("kind", "source", "whom", "needed"),
    [
        (Kind.REPORT, "console", "up", Evidence.HUMAN),
        (Kind.REPORT, "post:BH4TCC", "operator", Evidence.DEVICE),
        (Kind.DISPATCH, "post:BH4TCC", "operator", Evidence.HUMAN),
        (Kind.ALERT, "post:BH4TCC", "operator", Evidence.DEVICE),
    ],
)
def test_the_rules_beside_it_are_sound(file: Path, kind: Kind, source: str, whom: str, needed: Evidence) -> None:
    """Whoever takes the mark from their line has an endpoint still: what is made here goes up, what comes is shown."""
    put_the_secret_in_place(file)
    file.write_text(file.read_text(encoding="utf-8").replace("# rules = ", "rules = "), encoding="utf-8")
    assert (0, []) == checked(file)
    settings = load(file, load_plugins([fenghuo_narrowband, fenghuo_http, fenghuo_console]))
    assert settings.node.endpoint is not None
    routed = route(of(kind, source), load_rules(settings), endpoint_directory(settings.node.endpoint))
    assert [((whom,), needed)] == [(item.recipients, item.needed) for item in routed]


def of(kind: Kind, source: str) -> Message:
    return compact_values.message(compact_values.order(kind=kind, to=(), needed=None), source=source)
