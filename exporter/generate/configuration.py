"""docs/configuration.md: every key of the configuration file, from its JSON Schema."""

from collections.abc import Iterator
from typing import Any

from exporter.config import config_json_schema

_INTRO = """\
# Configuration

One YAML file, named by `--config.file` (or `GENEREX_CONFIG_FILE`). Unknown keys, duplicate keys and wrong types
are errors that name file, line and key; `generex-exporter check FILE` says whether a file is good. Durations are
written with their unit: `500ms`, `30s`, `5m`. This page is generated: `generex-exporter generate reference`.
"""


def configuration_page() -> str:
    """The page as Markdown: a table per section, in the order in which sections name each other."""
    schema = config_json_schema()
    parts = [_INTRO]
    seen: set[str] = set()
    queue: list[tuple[str, dict[str, Any]]] = [("The file", schema)]
    while queue:
        title, section = queue.pop(0)
        parts.append(f"## {title}\n")
        if title != "The file":
            parts.append(f"{section.get('description', '')}\n")
        parts.append("| key | form | default | meaning |\n| --- | --- | --- | --- |")
        required = section.get("required", [])
        for key, entry in sorted(section["properties"].items(), key=lambda item: item[0] not in required):
            default = "required" if key in required else _default(entry)
            parts.append(f"| `{key}` | {_form(entry)} | {default} | {_cell(entry.get('description', ''))} |")
        parts.append("")
        for key, entry in section["properties"].items():
            for name in _references(entry):
                if name not in seen:
                    seen.add(name)
                    queue.append((f"`{key}`", schema["$defs"][name]))
    return "\n".join(parts)


def _form(entry: dict[str, Any]) -> str:
    if "anyOf" in entry:
        return " or ".join(_form(choice) for choice in entry["anyOf"] if choice.get("type") != "null")
    if "enum" in entry:
        # a bare off is YAML's false: it is understood, but not what one would write down
        return ", ".join(f"`{value}`" for value in entry["enum"] if isinstance(value, str))
    if "$ref" in entry:
        return "section"
    match entry.get("type"):
        case "array":
            items = _form(entry.get("items", {}))
            return "list of sections" if items == "section" else f"list of {items}"
        case "object":
            return "sections by name" if any(_references(entry)) else "texts by name"
        case "string":
            return "duration" if "ms|s|m|h|d" in entry.get("pattern", "") else "text"
        case "integer" | "number" as kind:
            low, high = entry.get("minimum"), entry.get("maximum")
            return (
                f"{low} to {high}" if kind == "integer" and low is not None and high is not None else "number"
            )
    return "text"


def _default(entry: dict[str, Any]) -> str:
    default = entry.get("default")
    if default is None or default in ([], {}) or isinstance(default, dict):
        return ""
    return f"`{default}`"


def _references(entry: Any) -> Iterator[str]:
    if isinstance(entry, dict):
        if "$ref" in entry:
            yield entry["$ref"].removeprefix("#/$defs/")
        for value in entry.values():
            yield from _references(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from _references(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
