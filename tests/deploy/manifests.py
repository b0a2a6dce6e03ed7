"""What Kustomize makes of deploy/kubernetes, and the schemas to hold it against."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.support import require

Object = dict[str, Any]

KUBERNETES = Path(__file__).parents[2] / "deploy/kubernetes"
SCHEMAS = Path(__file__).parent / "crds"
# the oldest with sleep as preStop, and the newest that the schemas know
VERSIONS = ("1.30", "1.37")


class _Loader(yaml.CSafeLoader):
    """YAML 1.1 has a type of its own for a plain `=`, which Go writes as a string. No key is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        keys = [key.value for key, _ in node.value]
        assert len(found) == len(keys), f"twice: {sorted({key for key in keys if keys.count(key) > 1})}"
        return found


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)


def objects_in(text: str) -> list[Object]:
    """The objects of a stream, without empty documents."""
    return [item for item in yaml.load_all(text, _Loader) if item]


def kustomize(folder: Path) -> subprocess.CompletedProcess[str]:
    """`kubectl kustomize`, by the kubectl of the development environment or of the machine."""
    own = Path(sys.executable).with_name("kubectl")
    kubectl = str(own) if own.exists() else require("kubectl")
    return subprocess.run(
        [kubectl, "kustomize", folder], capture_output=True, text=True, timeout=60, check=False
    )


def build(folder: Path) -> list[Object]:
    """The objects that a folder makes."""
    done = kustomize(folder)
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr
    return objects_in(done.stdout)


def overlay(folder: Path, resources: Sequence[Path], components: Sequence[Path], **more: Any) -> Path:
    """A folder as a user would write it, beside ours."""
    folder.mkdir(parents=True, exist_ok=True)
    text = {
        "resources": [os.path.relpath(path, folder) for path in resources],
        "components": [os.path.relpath(path, folder) for path in components],
        **more,
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(text))
    return folder


def of_kind(objects: Sequence[Object], *kinds: str) -> list[Object]:
    return [item for item in objects if item["kind"] in kinds]


def name(item: Object) -> str:
    return f"{item['kind']}/{item['metadata']['name']}"


def validate(item: Object) -> None:
    """Raise for a field that is unknown or wrong."""
    # here, as every worker reads this file and they may take seconds to load
    import jsonschema
    import kubernetes_validate

    if item["apiVersion"].startswith("monitoring.coreos.com/"):
        version = item["apiVersion"].partition("/")[2]
        schema = json.loads((SCHEMAS / f"{item['kind']}.{version}.json").read_text())
        jsonschema.Draft7Validator(_strict(schema)).validate(item)
        return
    for release in VERSIONS:
        kubernetes_validate.validate(item, release, strict=True)


def _strict(schema: Any) -> Any:
    """The same schema without room for unknown fields, which the API server would drop."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _strict(part) for key, part in schema.items()}
    if "properties" in made and isinstance(made["properties"], dict) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made
