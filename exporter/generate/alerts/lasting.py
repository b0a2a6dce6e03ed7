"""Conditions that must last: `lasting[5m](SERIES > 0.8)` in a rule becomes PromQL that proves it."""

import re

from exporter.durations import parse_duration

_CALL = re.compile(
    r"lasting\[(?P<lasts>\d+[smhd])\]"
    r"\((?P<series>[a-z_:0-9]+(?:\{[^}]*\})?) (?P<sign>==|>=|<=|>|<) (?P<value>[^()\n]+)\)"
)


def lasting(series: str, sign: str, value: str, lasts: str) -> str:
    """An expression that holds when the condition held at every sample of `lasts`, now and before it, too.

    Its value is the one that was nearest to the limit. A range alone would be content with a single sample
    after a gap. A failed pass in the middle proves nothing and does not start it over; nor does one at the
    beginning, where the last sample of two minutes (of five for longer conditions) counts.
    """
    if lasts == "0s":
        return f"{series} {sign} {value}"
    worst = "max_over_time" if sign.startswith("<") or (sign, value) == ("==", "0") else "min_over_time"
    before = "2m" if parse_duration(lasts) <= 300 else "5m"
    return (
        f"{worst}({series}[{lasts}]) {sign} {value}\n"
        f"  and {series} {sign} {value}\n"
        f"  and last_over_time({series}[{before}] offset {lasts}) {sign} {value}"
    )


def expand(text: str) -> str:
    """A rule's expression with every `lasting[...](...)` written out in brackets, indented as it stands."""

    def written_out(match: re.Match[str]) -> str:
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        margin = " " * (len(line) - len(line.lstrip()))
        proof = lasting(match["series"], match["sign"], match["value"], match["lasts"])
        return "(\n" + "\n".join(f"{margin}  {part}" for part in proof.splitlines()) + f"\n{margin})"

    return _CALL.sub(written_out, text)
