"""The kinds of value a configuration file holds, each with a check that says what to write instead."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)

from exporter.config.allow import AllowRule
from exporter.durations import format_duration, parse_duration
from exporter.hosts import web_host
from exporter.maps.schema import RESERVED_LABELS, Factor
from exporter.targets import parse_target
from exporter.yamlfile import Strict

NAME = re.compile(r"[A-Za-z0-9_.-]+")
LONGEST_NAME = 200  # characters of a device's name
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
_OWN_HEADERS = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "host", "transfer-encoding"}
)
COMPRESSIONS: tuple[Literal["gzip", "none"], ...] = ("gzip", "none")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# the labels of the exporter's own series (design 2.4)
TABLE_LABELS = frozenset(
    {
        "phase",
        "flag",
        "port",
        "sensor",
        "string",
        "module",
        "word",
        "group",
        "target",
        "unit",
        "reason",
        "state",
        "chemistry",
        "string_group",
        "redundancy_group",
    }
)
LARGEST = 1_000_000_000
LONGEST = 365 * 86400.0
_EXPONENT = re.compile(r"-?[0-9](\.[0-9]{1,20})?e[-+][0-9]{2,3}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DURATION_PATTERN = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"


class Section(Strict):
    """Base of the sections: says what is wrong when something else than keys and values stands there."""

    @model_validator(mode="before")
    @classmethod
    def _is_mapping(cls, data: object) -> object:
        if not isinstance(data, dict):
            required = [name for name, field in cls.model_fields.items() if field.is_required()]
            keys = ", ".join(required or list(cls.model_fields)[:3])
            raise ValueError(f"keys and values belong here (such as {keys}), not {_kind(data)}")
        return data


def _kind(value: object) -> str:
    """What stands there, without showing it: it may be a secret in the wrong place."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "keys and values"
    return "nothing" if value is None else "a single value"


def _quoted(value: object) -> str:
    if value is None or isinstance(value, list | dict):
        return _kind(value)
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _text(value: object) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        # YAML has turned yes, no, on and off into a truth value: the writing is lost
        raise ValueError("text belongs here: put yes, no, on, off, true and false in quotes")
    if value is None or isinstance(value, list | dict):
        raise ValueError(f"text belongs here, not {_kind(value)}")
    raise ValueError("text belongs here: put it in quotes")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{_quoted(text)} has invisible characters in it")
    if text != text.strip():
        raise ValueError(f"{_quoted(text)} begins or ends with a blank")
    return text


def check_name(name: str) -> None:
    """Raises ValueError for what no device can be called."""
    if not name:
        raise ValueError("the name is empty")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"the name is longer than {LONGEST_NAME} characters")
    _printable(name)


def _duration(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"write a duration with its unit, like 500ms, 30s or 5m, not {_quoted(value)}")
    seconds = parse_duration(value)
    if seconds > LONGEST:
        raise ValueError(f"{value} is longer than 365d")
    return seconds


def _positive(seconds: float) -> float:
    if seconds == 0:
        raise ValueError("must be longer than 0s")
    return seconds


def _number(value: object) -> object:
    """A number; also `1e-05`, as Helm writes 0.00001, which YAML 1.1 takes for text. Raises ValueError."""
    if isinstance(value, str) and _EXPONENT.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"write a plain number, like 10 or 0.1, not {_quoted(value)}")
    if abs(value) > LARGEST:
        raise ValueError(f"{value} is beyond {LARGEST}")
    return value


def _in_unit(unit: str) -> WrapValidator:
    """Says also in which unit a number belongs there."""

    def check(value: object, validate: ValidatorFunctionWrapHandler) -> object:
        try:
            return validate(value)
        except ValidationError as error:
            said = error.errors(include_url=False)[0]["msg"]
            raise ValueError(f"{said} (in {unit}), not {_quoted(value)}") from None

    return WrapValidator(check)


def _day(value: object) -> object:
    """A date as YAML or JSON has it. Raises ValueError, for a number too: pydantic takes it for seconds."""
    if isinstance(value, datetime):
        if value.time() != time():
            raise ValueError(f"write the date alone, like {value:%Y-%m-%d}, not {value}")
        return value.date()
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"there is no {value} ({error}): write a date that there is") from None
    if not isinstance(value, date):
        raise ValueError(f"write a date, like 2026-03-01, not {_quoted(value)}")
    return value


def _not_zero(scale: Decimal) -> Decimal:
    if scale == 0:
        raise ValueError("a scale of 0 would make every value 0")
    return scale


def _target(text: str) -> str:
    parse_target(text)
    return text


def _allow(text: str) -> str:
    AllowRule.parse(text)
    return text


def _web_url(text: str) -> str:
    if web_host(text) is None or re.search(r"[\s?#@]", text):
        raise ValueError(f'"{text}" is not a web address: write a URL like https://grafana.example')
    return text.rstrip("/")


def _bacs(value: object) -> object:
    # a bare off is a truth value in YAML 1.1
    return "off" if value is False else value


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError(f'"{value}" has other characters than letters, digits and _ . -')
    return value


def _label_name(name: object) -> object:
    if not isinstance(name, str) or not LABEL.fullmatch(name):
        raise ValueError(f'"{name}" is not a label name: letters, digits and _, no digit first')
    if name.startswith(("__", "exported_")):
        raise ValueError(f'label "{name}": __ and exported_ at the beginning belong to Prometheus')
    if name in RESERVED_LABELS:
        raise ValueError(f'label "{name}" is set by Prometheus or by the exporter itself')
    if name in TABLE_LABELS:
        raise ValueError(f'label "{name}" is a label of the exporter\'s own metrics')
    return name


def header_name(name: object) -> object:
    """`name`, if it may be given to a header. Raises ValueError."""
    if not isinstance(name, str) or not HEADER.fullmatch(name):
        raise ValueError("not the name of a header")
    if name.lower() in _OWN_HEADERS:
        raise ValueError(f'header "{name}" is set by the exporter itself')
    return name


def number_key(key: object) -> object:
    """The number that a key in quotes is: what Helm writes of `1:`, as keys are text in JSON."""
    return int(key) if isinstance(key, str) and re.fullmatch(r"0|[1-9][0-9]{0,8}", key) else key


def _sensor_number(number: object) -> object:
    number = number_key(number)
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 8:
        raise ValueError(f"sensors are numbered 1 to 8 (addresses 143 to 150), not {_quoted(number)}")
    return number


_TEXT = BeforeValidator(_text)

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_NAME), _TEXT, AfterValidator(_printable)
]
ModuleName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=80),
    _TEXT,
    AfterValidator(_name),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z0-9_.-]{1,80}$"}),
]
PlainText = Annotated[str, StringConstraints(min_length=1, max_length=1000), _TEXT]
LabelName = Annotated[
    str,
    BeforeValidator(_label_name),
    WithJsonSchema({"type": "string", "pattern": "^(?!__|exported_)[a-zA-Z_][a-zA-Z0-9_]*$"}),
]
LabelValue = Annotated[str, StringConstraints(max_length=1000), _TEXT]
SensorNumber = Annotated[int, BeforeValidator(_sensor_number)]
TargetText = Annotated[str, _TEXT, AfterValidator(_target)]
WebUrl = Annotated[str, _TEXT, AfterValidator(_web_url)]
AllowText = Annotated[str, _TEXT, AfterValidator(_allow)]

_duration_schema: dict[str, Any] = {
    "type": "string",
    "pattern": _DURATION_PATTERN,
    "examples": ["500ms", "30s", "5m"],
}
Duration = Annotated[
    float, BeforeValidator(_duration), PlainSerializer(format_duration), WithJsonSchema(_duration_schema)
]
PositiveDuration = Annotated[
    float,
    AfterValidator(_positive),
    BeforeValidator(_duration),
    PlainSerializer(format_duration),
    WithJsonSchema(_duration_schema),
]

Ohms = Annotated[float, Field(gt=0, le=1), _in_unit("ohms: 4.2 mΩ is 0.0042")]
Volts = Annotated[int, Field(ge=50, le=1000), _in_unit("volts")]
Day = Annotated[date, BeforeValidator(_day)]

_number_schema: dict[str, Any] = {"type": "number", "minimum": -LARGEST, "maximum": LARGEST}
Number = Annotated[Factor, BeforeValidator(_number), WithJsonSchema(_number_schema)]
Scale = Annotated[
    Factor,
    AfterValidator(_not_zero),
    BeforeValidator(_number),
    WithJsonSchema(_number_schema | {"not": {"const": 0}}),
]
HeaderName = Annotated[
    str,
    BeforeValidator(header_name),
    WithJsonSchema({"type": "string", "pattern": f"^{HEADER.pattern}$"}),
]
Bacs = Annotated[
    Literal["auto", "required", "off"],
    BeforeValidator(_bacs),
    WithJsonSchema({"enum": ["auto", "required", "off", False]}),
]
Unit = Annotated[int, Field(ge=0, le=255)]
