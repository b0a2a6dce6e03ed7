"""Formulas: what they give, in which order, what they refuse, and that they are harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.maps.formula import parse_formula

WORDS = {"a": 12, "b": 5, "c": 0, "status": 0x2105, "f": 0.5, "minus": -3}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a", 12),
        ("a + b", 17),
        ("a - b", 7),
        ("a * b", 60),
        ("a / b", 2.4),
        ("a & b", 4),
        ("a | b", 13),
        ("a >> 2", 3),
        ("a << 2", 48),
        ("-a", -12),
        ("--a", 12),
        ("-a * -b", 60),
        ("0x0F & a", 12),
        ("0XfF & a", 12),
        ("a * 0.5", 6.0),
        ("a * 010", 120),
        ("  a+ b ", 17),
        ("(a)", 12),
        ("(a | b) & 1", 1),
        ("a >> c", 12),
        ("a << c", 12),
        ("(" * 40 + "a" + ")" * 40, 12),
        ("-" * 40 + "a", 12),
        ("a+b" + " " * 497, 17),
        ("((a + b)) * (c + 2)", 34),
        # device.md 5.2
        ("(status & 0x0004) >> 2", 1),
        ("(status & 0x0100) >> 8", 1),
        ("(status & 0x2000) >> 13", 1),
        ("status & 1", 1),
        ("status >> 8", 0x21),
        ("status & 0xff", 5),
        # from the left
        ("a - b - 1", 6),
        ("a / b / 2", 1.2),
        ("a >> 1 >> 1", 3),
        # * before +, + before <<, << before &, & before |
        ("a + b * 2", 22),
        ("a * 2 + b", 29),
        ("1 << 1 + a", 8192),
        ("b & 1 << 2", 4),
        ("a | b & 1", 13),
        ("a & b | 1", 5),
        ("a & 4 + 4", 8),
        ("a - -b", 17),
        # whole numbers below 0 have infinitely many bits, as in Python
        ("minus & 0xff", 0xFD),
        ("minus >> 1", -2),
        # words with a fraction
        ("f * 3", 1.5),
        ("f / 2", 0.25),
        # no result
        ("a / c", None),
        ("a / (b - 5)", None),
        ("a << b * 20", None),
        ("a << minus", None),
        ("a >> 64 * b", None),
        ("1 << a" + " << 63" * 17, None),
        ("a * 1" + "0" * 300 + ".0 * 1" + "0" * 100 + ".0", None),
        ("(a * 1" + "0" * 200 + ") * 1" + "0" * 200, None),
    ],
)  # fmt: skip
def test_result(text, result):
    found = parse_formula(text, fractional=frozenset("f"))(WORDS)
    assert found == result
    assert type(found) is type(result)


def test_names_in_the_order_of_the_formula():
    assert parse_formula("b + a * b + _c1").names == ("b", "a", "_c1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends too early"),
        ("   ", "ends too early"),
        ("a +", "ends too early"),
        ("(a", "a bracket is not closed"),
        ("(a + b", "a bracket is not closed"),
        ("(a b)", "a bracket is not closed"),
        ("a)", '")" is not expected there'),
        ("()", '")" is not expected there'),
        ("a b", '"b" is not expected there'),
        ("a 2", '"2" is not expected there'),
        ("2a", '"a" is not expected there'),
        ("0x", '"x" is not expected there'),
        ("0xfg", '"g" is not expected there'),
        ("a 1.", '"." is not expected there'),
        ("+a", '"+" is not expected there'),
        ("a ** b", '"*" is not expected there'),
        ("a // b", '"/" is not expected there'),
        ("a % b", '"%" is not expected there'),
        ("a ^ b", '"^" is not expected there'),
        ("~a", '"~" is not expected there'),
        ("a > b", '">" is not expected there'),
        ("a = 1", '"=" is not expected there'),
        ("a if a else b", '"if" is not expected there'),
        ("a.b", '"." is not expected there'),
        ("a[0]", '"[" is not expected there'),
        ("f(a)", '"(" is not expected there'),
        ("__import__('os')", "is not expected there"),
        ("a; b", '";" is not expected there'),
        ("a, b", '"," is not expected there'),
        ("'a'", '"\'" is not expected there'),
        ("ä", '"ä" is not expected there'),
        ("a + ٣", '"٣" is not expected there'),
        ("1 + 2", "names no word"),
        ("a & 1.5", "& needs whole numbers on both sides"),
        ("f | 1", "| needs whole numbers on both sides"),
        ("(a / b) >> 1", ">> needs whole numbers on both sides"),
        ("(f + 1) >> 1", ">> needs whole numbers on both sides"),
        ("1 | (2 - f)", "| needs whole numbers on both sides"),
        ("a << (b * f)", "<< needs whole numbers on both sides"),
        ("a << 64", "a shift by more than 63 bits"),
        ("a >> 9999999999", "a shift by more than 63 bits"),
        ("a * 1" + "0" * 400 + ".0", "is too large a number"),
        ("a * 1" + "0" * 400, "is too large a number"),
        ("(" * 41 + "a" + ")" * 41, "nested too deeply"),
        ("-" * 41 + "a", "nested too deeply"),
        ("a" + " + a" * 200, "longer than 500 characters"),
        ("a" + " " * 500, "longer than 500 characters"),
    ],
)
def test_refused(text, message):
    with pytest.raises(ValueError, match="formula") as caught:
        parse_formula(text, fractional=frozenset("f"))
    assert message in str(caught.value)


def test_longest_and_deepest_formulas_work():
    assert parse_formula("a" + "+a" * 249)({"a": 1}) == 250
    assert parse_formula("(" * 40 + "a" + ")" * 40)({"a": 1}) == 1
    assert parse_formula("a" + "<<63" * 124)({"a": 0}) == 0


# random expressions: text, and what it is worth by a calculation of its own, with exact precedence


class Tree:
    """An expression with its text, how strongly its parts hold together, and its value."""

    def __init__(self, text: str, strength: int, value: int | float | None) -> None:
        self.text, self.strength, self.value = text, strength, value

    def inside(self, strength: int) -> str:
        return self.text if self.strength >= strength else f"({self.text})"


STRENGTH = {"|": 1, "&": 2, "<<": 3, ">>": 3, "+": 4, "-": 4, "*": 5, "/": 5}
ATOM = 6


def joined(operator: str, left: Tree, right: Tree) -> Tree:
    strength = STRENGTH[operator]
    text = f"{left.inside(strength)} {operator} {right.inside(strength + 1)}"
    x, y = left.value, right.value
    value: int | float | None
    if (
        x is None
        or y is None
        or (operator in ("<<", ">>") and not 0 <= y <= 63)
        or (operator == "/" and y == 0)
    ):
        value = None
    else:
        value = {
            "|": lambda: x | y, "&": lambda: x & y,  # type: ignore[operator]
            "<<": lambda: x * 2**y, ">>": lambda: x // 2**y,
            "+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y, "/": lambda: x / y,
        }[operator]()  # fmt: skip
    return Tree(text, strength, value)


NAMES = {"a": 12, "b": 65535, "c": 0, "d": 1, "e": -7}
leaves = st.one_of(
    st.sampled_from(sorted(NAMES)).map(lambda name: Tree(name, ATOM, NAMES[name])),
    st.integers(0, 63).map(lambda number: Tree(str(number), ATOM, number)),
    st.integers(0, 63).map(lambda number: Tree(hex(number), ATOM, number)),
)
whole = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["|", "&", "<<", ">>", "+", "-", "*"]), inner, inner).map(
            lambda t: joined(*t)
        ),
        inner.map(
            lambda tree: Tree(f"-{tree.inside(ATOM)}", ATOM, None if tree.value is None else -tree.value)
        ),
    ),
    max_leaves=12,
)
divided = st.tuples(st.sampled_from("+-*/"), whole, whole).map(lambda t: joined(*t))


@given(tree=whole | divided)
def test_random_expressions(tree):
    text = f"a * 0 + {tree.inside(5)}"
    if len(text) > 500:
        return
    try:
        formula = parse_formula(text)
    except ValueError as error:
        if "nested too deeply" in str(error) or "more than 63" in str(error):
            return
        raise
    found = formula(NAMES)
    assert found == tree.value


@given(text=st.text(max_size=40) | st.text(alphabet="ab01x.+-*/&|<>() ", max_size=60))
def test_any_text_is_a_formula_or_an_error(text):
    try:
        formula = parse_formula(text)
    except ValueError:
        return
    found = formula(dict.fromkeys(formula.names, 3))
    assert found is None or abs(found) < 1e308
