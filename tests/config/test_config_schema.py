"""The JSON Schema: what editors check and the reference is made of."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.config import config_json_schema
from exporter.config.schema import ConfigEntry
from exporter.yamlfile import read, validate

GOOD = sorted((Path(__file__).parent / "good").glob("*.yaml"))
BAD = Path(__file__).parent / "bad"


def objects(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "", schema
    yield from schema["$defs"].items()


def test_every_key_is_described() -> None:
    for name, item in objects(config_json_schema()):
        assert item["additionalProperties"] is False
        assert item["description"].endswith("."), name
        for key, value in item["properties"].items():
            assert value["description"].endswith("."), f"{name}.{key}"


def test_defaults_are_what_a_file_would_say() -> None:
    schema = config_json_schema()
    for name, item in objects(schema):
        data = {
            key: value["default"]
            for key, value in item["properties"].items()
            if value.get("default") is not None
        }
        if name == "":
            assert ConfigEntry.model_validate(data) == ConfigEntry()
    options = {
        key: value.get("default") for key, value in schema["$defs"]["DeviceEntry"]["properties"].items()
    }
    assert {key: options[key] for key in ("timeout", "request_timeout", "pacing", "idle_close", "prof")} == {
        "timeout": "5s",
        "request_timeout": "1s",
        "pacing": "0s",
        "idle_close": "5m",
        "prof": {"base_address": 0, "stale_after": "1m"},
    }


@pytest.mark.parametrize("section", ["DeviceEntry", "ModuleEntry", "ProfEntry"])
def test_defaults_written_out_change_nothing(section: str) -> None:
    from exporter.config import device_schema as forms

    properties = config_json_schema()["$defs"][section]["properties"]
    data = {key: value["default"] for key, value in properties.items() if value.get("default") is not None}
    needed: dict[str, dict[str, Any]] = {"DeviceEntry": {"target": "h"}, "ModuleEntry": {"maps": ["ups"]}}
    required = needed.get(section, {})
    model = getattr(forms, section)
    assert model.model_validate(required | data) == model.model_validate(required)


def test_schema_is_plain_json_and_says_its_draft() -> None:
    schema = config_json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def plain(path: Path) -> Any:
    # JSON has only text as keys, and for days
    data = read(path).data
    return json.loads(json.dumps({} if data is None else data, default=str))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_file_fits_the_schema(path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    jsonschema.Draft202012Validator.check_schema(config_json_schema())
    jsonschema.Draft202012Validator(config_json_schema()).validate(plain(path))
    assert validate(read(path), ConfigEntry)


@pytest.mark.parametrize(
    "name",
    ["unknown_key", "duration_bare_number", "sensor_nine", "label_illegal_name", "bacs_on", "module_name"],
)
def test_bad_file_does_not_fit_the_schema(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    assert not jsonschema.Draft202012Validator(config_json_schema()).is_valid(plain(BAD / f"{name}.yaml"))
