"""The schema and the reference page are what the code says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from fenghuo.plugin.host import PluginHost, load_plugins
from fenghuo.service.settings_schema import reference, schema

ROOT = Path(__file__).parents[3]
MAKE_ANEW = "run python -m tools.settings_reference"


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return load_plugins()


def test_the_committed_schema_is_the_one_the_code_makes(host: PluginHost) -> None:
    """docs/reference/settings.schema.json is up to date."""
    committed = json.loads((ROOT / "docs/reference/settings.schema.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(schema(host))), MAKE_ANEW


def test_the_committed_reference_is_the_one_the_code_makes(host: PluginHost) -> None:
    """docs/reference/settings.md is up to date."""
    assert (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8") == reference(host), MAKE_ANEW


@pytest.mark.parametrize("name", ["demo.toml", "fenghuo.example.toml", "endpoint.example.toml"])
def test_the_files_we_ship_fit_the_schema(name: str, host: PluginHost) -> None:
    """An editor that knows the schema finds nothing wrong with the shipped settings."""
    jsonschema.Draft202012Validator.check_schema(schema(host))
    jsonschema.validate(tomllib.loads((ROOT / "config" / name).read_text(encoding="utf-8")), schema(host))


def test_the_schema_refuses_an_unknown_key_of_a_plugin(host: PluginHost) -> None:
    """The settings of a channel are held to the struct of its type."""
    tree = tomllib.loads((ROOT / "config" / "fenghuo.example.toml").read_text(encoding="utf-8"))
    tree["channels"]["sms-a"]["settings"]["hoost"] = "x"
    with pytest.raises(jsonschema.ValidationError, match="hoost"):
        jsonschema.validate(tree, schema(host))
