"""Options from the YAML form to the effective ones: defaults, then the module's, then the device's."""

from dataclasses import replace
from typing import Any

from exporter.config.device_schema import OptionsEntry
from exporter.config.model import Options, Override

_PLAIN = (
    "timeout", "request_timeout", "pacing", "connect_delay", "any_transaction", "idle_close", "max_words",
    "function", "bacs", "module_flags",
)  # fmt: skip


def merge_options(*entries: OptionsEntry) -> Options:
    """The effective options; of two entries the later wins, for `prof` and `overrides` key by key."""
    options = Options()
    for entry in entries:
        given = entry.model_fields_set
        changes: dict[str, Any] = {name: getattr(entry, name) for name in _PLAIN if name in given}
        prof = {name: getattr(entry.prof, name) for name in entry.prof.model_fields_set}
        overrides = dict(options.overrides)
        for word, override in entry.overrides.items():
            before = overrides.get(word, Override())
            overrides[word] = Override(
                before.scale if override.scale is None else override.scale,
                before.offset if override.offset is None else override.offset,
            )
        options = replace(options, **changes, prof=replace(options.prof, **prof), overrides=overrides)
    if not any("request_timeout" in entry.model_fields_set for entry in entries):
        # whoever shortens the pass alone should not have to know of the other option
        options = replace(options, request_timeout=min(options.request_timeout, options.timeout))
    return options
