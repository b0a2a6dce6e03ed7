"""Which rules a test asks for, and which of them can bring anything from its series.

promtool parses and evaluates every rule at every step, which is most of what a test of rules costs:
0.13 ms of CPU for a rule that finds nothing. A rule is left out only where it surely finds nothing, or
where nothing that the test looks at rests on it: a test that says what fires says it of all rules.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import promql_parser as promql

Group = Mapping[str, Any]
Holds = Callable[[float], bool]
Values = frozenset[float] | None
"""The values of a series, where they are known."""

COMPARES: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne,
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
FROM_NOTHING = {"absent", "absent_over_time", "vector", "time", "scalar"}
_QUERY = re.compile(r'query "([^"]*)"|printf (?:`([^`]*)`|"((?:[^"\\]|\\.)*)")[^{}|]*\| query\b')
KEEPS_VALUES = {"max_over_time", "min_over_time", "last_over_time"}


class Present:
    """The series that there are, by name: those of the test, and what reachable rules make of them."""

    def __init__(self, series: Iterable[Mapping[str, str]]) -> None:
        self._given: dict[str, list[tuple[Mapping[str, str], Values]]] = {}
        for entry in series:
            name, labels = _labels(entry["series"])
            self._given.setdefault(name, []).append((labels, _values(entry["values"])))
        self._made: dict[str, list[Mapping[str, str]]] = {"ALERTS": [{}], "ALERTS_FOR_STATE": [{}]}

    def add(self, name: str, labels: Mapping[str, str]) -> None:
        """What a rule makes: its own labels are known, further ones are not."""
        self._made.setdefault(name, []).append(labels)

    def matches(self, selector: promql.VectorSelector, holds: Holds | None) -> bool:
        """Whether a series may match, with a value for which something holds."""
        matchers = [matcher for matcher in selector.matchers.matchers if matcher.name != "__name__"]
        return any(
            self._made_fits(name, matchers) or self._given_fits(name, matchers, holds)
            for name in self._named(selector)
        )

    def _named(self, selector: promql.VectorSelector) -> Iterable[str]:
        if selector.name:
            return (selector.name,)
        names = [matcher for matcher in selector.matchers.matchers if matcher.name == "__name__"]
        return [name for name in self._given.keys() | self._made.keys() if all(_fits(m, name) for m in names)]

    def _made_fits(self, name: str, matchers: Sequence[promql.Matcher]) -> bool:
        return any(all(_fits(m, labels.get(m.name)) for m in matchers) for labels in self._made.get(name, ()))

    def _given_fits(self, name: str, matchers: Sequence[promql.Matcher], holds: Holds | None) -> bool:
        return any(
            all(_fits(m, labels.get(m.name, "")) for m in matchers)
            for labels, values in self._given.get(name, ())
            if holds is None or values is None or any(map(holds, values))
        )


def reachable(groups: Sequence[Group], series: Iterable[Mapping[str, str]]) -> list[Group]:
    """The groups with those of their rules that can bring anything, in their order."""
    present = Present(series)
    waiting = [rule for group in groups for rule in group["rules"]]
    came: set[int] = set()
    while found := [rule for rule in waiting if _comes(_parsed(rule["expr"]), present)]:
        for rule in found:
            if "record" in rule:
                present.add(rule["record"], rule.get("labels", {}))
        came |= set(map(id, found))
        waiting = [rule for rule in waiting if id(rule) not in came]
    kept = [{**group, "rules": [rule for rule in group["rules"] if id(rule) in came]} for group in groups]
    return [group for group in kept if group["rules"]]


def asked(groups: Sequence[Group], exprs: Iterable[str]) -> list[Group]:
    """The groups with those of their rules that expressions look at, and the rules that those rest on.

    An alert rests on what its texts ask for, too.
    """
    waiting = [rule for group in groups for rule in group["rules"]]
    looked_at = _by_name(exprs)
    kept: set[int] = set()
    while found := [rule for rule in waiting if _is_looked_at(rule, looked_at)]:
        looked_at = _by_name(expr for rule in found for expr in (rule["expr"], *_of_texts(rule)))
        kept |= set(map(id, found))
        waiting = [rule for rule in waiting if id(rule) not in kept]
    left = [{**group, "rules": [rule for rule in group["rules"] if id(rule) in kept]} for group in groups]
    return [group for group in left if group["rules"]]


def _of_texts(rule: Mapping[str, Any]) -> Iterator[str]:
    """The expressions of the queries in the texts of an alert; a value that a text fills in may be any."""
    for text in rule.get("annotations", {}).values():
        queries = _QUERY.findall(text)
        assert len(queries) == len(re.findall(r"\bquery\b", text)), f"queries of another form: {text}"
        for parts in queries:
            yield "".join(parts).replace('\\"', '"').replace("=%q", '=~".*"')


def _by_name(exprs: Iterable[str]) -> Mapping[str, Sequence[promql.VectorSelector]]:
    """What expressions select, by the name of the series; "" has what selects by other labels alone."""
    found: dict[str, list[promql.VectorSelector]] = {}
    for expr in exprs:
        for selector in _selectors(_parsed(expr)):
            found.setdefault(selector.name or "", []).append(selector)
    return found


def _is_looked_at(rule: Mapping[str, Any], looked_at: Mapping[str, Sequence[promql.VectorSelector]]) -> bool:
    """Whether a rule may make a series that is selected."""
    names = (rule["record"],) if "record" in rule else ("ALERTS", "ALERTS_FOR_STATE")
    known = {name: text for name, text in rule.get("labels", {}).items() if "{{" not in text}
    known |= {"alertname": rule["alert"]} if "alert" in rule else {}
    return any(
        all(_fits(m, name if m.name == "__name__" else known.get(m.name)) for m in selector.matchers.matchers)
        for name in names
        for selector in (*looked_at.get(name, ()), *looked_at.get("", ()))
    )


def _selectors(expr: Any) -> Iterator[promql.VectorSelector]:
    match expr:
        case promql.VectorSelector():
            yield expr
        case promql.MatrixSelector():
            yield expr.vector_selector
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from _selectors(expr.expr)
        case promql.AggregateExpr():
            yield from _selectors(expr.expr)
            yield from _selectors(expr.param)
        case promql.Call():
            for argument in expr.args:
                yield from _selectors(argument)
        case promql.BinaryExpr():
            yield from _selectors(expr.lhs)
            yield from _selectors(expr.rhs)


def _comes(expr: Any, present: Present, holds: Holds | None = None) -> bool:
    """Whether a value may come of an expression, one for which something holds where that can be told."""
    match expr:
        case promql.NumberLiteral() | promql.StringLiteral():
            return True
        case promql.VectorSelector():
            return present.matches(expr, holds)
        case promql.MatrixSelector():
            return present.matches(expr.vector_selector, holds)
        case promql.ParenExpr():
            return _comes(expr.expr, present, holds)
        case promql.UnaryExpr() | promql.SubqueryExpr():
            return _comes(expr.expr, present)
        case promql.AggregateExpr():
            return _comes(expr.expr, present, holds if str(expr.op) in {"max", "min"} else None)
        case promql.Call():
            if expr.func.name in FROM_NOTHING or not expr.args:
                return True
            below = holds if expr.func.name in KEEPS_VALUES else None
            return all(_comes(argument, present, below) for argument in expr.args)
        case promql.BinaryExpr():
            return _of_two(expr, present, holds)
    raise TypeError(f"an expression of an unknown kind: {expr}")


def _of_two(expr: Any, present: Present, holds: Holds | None) -> bool:
    op = str(expr.op)
    if op == "or":
        return _comes(expr.lhs, present, holds) or _comes(expr.rhs, present, holds)
    if op == "unless":
        return _comes(expr.lhs, present, holds)
    if op == "and":
        return _comes(expr.lhs, present, holds) and _comes(expr.rhs, present)
    compares = COMPARES.get(op)
    if compares and isinstance(expr.rhs, promql.NumberLiteral) and not _gives_bool(expr):
        limit = expr.rhs.val
        return _comes(expr.lhs, present, lambda value: compares(value, limit))
    return _comes(expr.lhs, present) and _comes(expr.rhs, present)


def _gives_bool(expr: Any) -> bool:
    return bool(expr.modifier and expr.modifier.return_bool)


@cache
def _parsed(text: str) -> Any:
    return promql.parse(text)


@cache
def _labels(series: str) -> tuple[str, Mapping[str, str]]:
    selector: Any = promql.parse(series)
    return selector.name, {matcher.name: matcher.value for matcher in selector.matchers.matchers}


@cache
def _values(text: str) -> Values:
    """The values in promtool's notation; None where they are counted."""
    found = set()
    for part in text.split():
        value = part.partition("x")[0]
        if value in {"_", "stale"}:
            continue
        try:
            found.add(float(value))
        except ValueError:
            return None
    return frozenset(found)


def _fits(matcher: promql.Matcher, value: str | None) -> bool:
    """Whether a label has such a value; None is one that nobody knows."""
    if value is None:
        return True
    match matcher.op:
        case promql.MatchOp.Equal:
            return value == matcher.value
        case promql.MatchOp.NotEqual:
            return value != matcher.value
        case promql.MatchOp.Re:
            return bool(re.fullmatch(matcher.value, value))
        case _:
            return not re.fullmatch(matcher.value, value)
