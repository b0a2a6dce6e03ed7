"""Strict YAML: whatever stands in a file, the answer is quick, and an error names the file and the line."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

import exporter
from exporter.errors import UserError
from exporter.yamlfile import Strict, parse, read, validate

LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 'duplicate key "a" (first on line 1)'),
        ("x:\n  - a: 1\n    a: 1\n", 3, 'duplicate key "a" (first on line 2)'),
        ("1: a\n1: b\n", 2, 'duplicate key "1" (first on line 1)'),
        ("a: &x {b: 1}\nc: {<<: *x, d: 1, d: 2}\n", 2, 'duplicate key "d"'),
        ("? [a]\n: b\n", 1, "is not text: put it in quotes"),
        ("? {a: 1}\n: b\n", 1, "is not text: put it in quotes"),
        ("1.5: a\n", 1, "a key is not text"),
        ("~: a\n", 1, "a key is not text"),
        ("2001-01-01: a\n", 1, "is not text"),
        ("a: 1\n---\nb: 1\n", 2, "expected a single document in the stream, but found another document"),
        ("a:\n\t- b\n", 2, "'\\t' that cannot start any token"),
        ("a: [1, 2\nb: 3\n", 2, "not valid YAML"),
        ("a: 'x\n", 2, "not valid YAML: found unexpected end of stream"),
        ("a: 1\n b: 2\n", 2, "not valid YAML"),
        ("a: 1\nb: \0\n", 2, "not valid YAML: unacceptable character #x0000"),
        ("a: 1\n\nb: \x07\n", 3, "not valid YAML: unacceptable character #x0007"),
        (
            "a: *b\n",
            1,
            "not valid YAML: found undefined alias: put text that begins with *, & or ! in quotes",
        ),
        ("a: &a [*a]\n", 1, "an alias that holds itself"),
        ("x: 1\na: &a {<<: *a}\n", 2, "an alias that holds itself"),
        ("? &a [*a]\n: b\n", 1, "an alias that holds itself"),
        ("a: {<<: 3}\n", 1, "expected a mapping or list of mappings for merging"),
        ("a: {<<: [1]}\n", 1, "expected a mapping for merging"),
        (LAUGHS, 1, "more than 200000 values, counting aliases each time"),
        (MERGES, 1, "more than 200000 values, counting aliases each time"),
        ("[" * 60 + "]" * 60, 1, "nested too deeply"),
        ("[" * 20000, 1, "nested too deeply"),
        ("{a: " * 20000, 1, "nested too deeply"),
        ("\n".join(" " * n + "a:" for n in range(2000)), 1, "nested too deeply"),
        ("a: 1\nb: " + "9" * 5000 + "\n", 2, "is no int"),
        (
            "a: 1\nunit: 010\n",
            2,
            "unit: 010 is 8 in YAML, as with a 0 before it a number is octal: write 10 if",
        ),
        ("a: [-017]\n", 1, "a.0: -017 is -15 in YAML"),
        ("wait: 1:30\n", 1, "wait: 1:30 is 90 in YAML, as with colons a number counts in sixties: write 90"),
        ("wait: 1:30.5\n", 1, "wait: 1:30.5 is 90.5 in YAML"),
        ("a: " + "0" * 5000 + "7\n", 1, "is 7 in YAML"),
        ("12:34:56: a\n", 1, "12:34:56 is 45296 in YAML"),
        ("a: 1\nb: 0x" + "f" * 5000 + "\n", 2, "b: a number of 20000 bits is too large"),
        ("x: 1\na: [1, 18446744073709551616]\n", 2, "a.1: a number of 65 bits is too large"),
        ("0x" + "f" * 100 + ": 1\n", 1, "a number of 400 bits is too large"),
        (
            "x: 1\na: 2001-99-99\n",
            2,
            "a: there is no 2001-99-99 (month must be in 1..12): write a date that there is, or put text in",
        ),
        ("a: 2026-02-30\n", 1, "a: there is no 2026-02-30 ("),
        ("a: 2026-03-01 25:00:00\n", 1, "a: there is no 2026-03-01 25:00:00 (hour"),
        ("a: 2026-13-01 10:00:00." + "0" * 5000 + "\n", 1, "a: there is no 2026-13-01 10:00:00.000"),
        ("a: !!int ''\n", 1, "a: this is no int"),
        ("a: !!float ''\n", 1, "a: this is no float"),
        ("a: !!bool x\n", 1, "a: this is no bool"),
        ("a: !!timestamp x\n", 1, "a: this is no timestamp"),
        ("a: !!python/object/apply:os.system [true]\n", 1, "could not determine a constructor for the tag"),
        ("a: !mine b\n", 1, "could not determine a constructor for the tag"),
        ('a: "\\q"\n', 1, "found unknown escape character 'q'"),
        ("%YAML 9.0\n---\na: 1\n", 1, "not valid YAML"),
        ("a: |0\n x\n", 1, "not valid YAML"),
        ("@a: 1\n", 1, "not valid YAML"),
    ],
)
def test_refused(text, line, message):
    started = time.process_time()
    with pytest.raises(UserError) as caught:
        parse(text, "f.yaml")
    assert str(caught.value).startswith(f"f.yaml:{line}: "), str(caught.value)[:200]
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500
    assert time.process_time() - started < 5


@pytest.mark.parametrize("secret", ["2001-99-99", "0123", "12:34:56"])
@pytest.mark.parametrize(
    "text",
    [
        "otlp: {{headers: {{x: {0}}}}}",
        "basic_auth_users: {{x: {0}}}",
        "basic_auth: {{password: {0}}}",
        "authorization: {{credentials: {0}}}",
        "bearer_token: {0}",
        "http_headers: {{x: {{secrets: [{0}]}}}}",
    ],
)
def test_what_may_be_a_secret_is_not_shown(text, secret):
    with pytest.raises(UserError) as caught:
        parse(text.format(secret), "f.yaml")
    assert str(caught.value).endswith(("put text in quotes", "put it in quotes"))
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", None),
        ("# nothing\n", None),
        ("---\na: 1\n...\n", {"a": 1}),
        ("\ufeffa: 1\n", {"a": 1}),
        ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\n", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}),
        ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
        ("a: 18446744073709551615\n", {"a": 2**64 - 1}),
        ("a: -0x10\n", {"a": -16}),
        ('"<<": 1\n', {"<<": 1}),
        ("a: {b: 1}\nc: {b: 1}\n", {"a": {"b": 1}, "c": {"b": 1}}),
    ],
)
def test_good(text, data):
    assert parse(text, "f.yaml").data == data


def test_lines():
    document = parse("a: 1\nb:\n  - c\n  - d:\n      e: 1\nf: {g: 1,\n  h: 2}\n", "f.yaml")
    places = {
        (): 1, ("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "d", "e"): 5, ("f", "h"): 7,
        ("b", 1, "d", "missing"): 4, ("b", 7): 2, ("nothing", "of", "that"): 1,
    }  # fmt: skip
    assert {place: document.line(place) for place in places} == places
    assert str(document.error(("f", "h"), "is wrong")) == "f.yaml:7: f.h: is wrong"
    assert str(document.error((), "is wrong")) == "f.yaml:1: is wrong"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xff\n", ":2: not UTF-8 text"),
        (b"a: 1\n\n\xc3", ":3: not UTF-8 text"),
        (b"a: [\n", ":2: not valid"),
    ],
)
def test_bad_file(tmp_path, content, message):
    path = tmp_path / "f.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}{message}")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/nothing/here.yaml", "cannot read /nothing/here.yaml: No such file or directory"),
        ("/", "cannot read /: it is a folder: name the file in it"),
        ("a\0b", "cannot read 'a\\x00b'"),
        ("a" * 5000, "File name too long"),
        ("\ud800", "cannot read '\\ud800'"),
    ],
)
def test_unreadable_file(path, message):
    with pytest.raises(UserError) as caught:
        read(Path(path))
    assert message in str(caught.value)


class Inner(Strict):
    number: int = Field(default=0, le=9)


class Outer(Strict):
    name: str
    inner: Inner = Inner()
    items: list[Inner] = Field(default=[])


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["f.yaml:1: name: this key is required"]),
        ("name: 1\n", ["f.yaml:1: name: input should be a valid string"]),
        ("name: off\n", ["f.yaml:1: name: input should be a valid string, not False: put on, off, yes"]),
        ("name: x\nnmae: y\n", ['f.yaml:2: nmae: unknown key "nmae"']),
        (
            "name: x\ninner:\n  number: 10\n",
            ["f.yaml:3: inner.number: input should be less than or equal to 9, not 10"],
        ),
        (
            "name: x\ninner: {number: yes}\n",
            ["f.yaml:2: inner.number: input should be a valid integer, not True"],
        ),
        (
            "name: x\nitems:\n  - number: 1\n  - nomber: 1\n",
            ['f.yaml:4: items.1.nomber: unknown key "nomber"'],
        ),
        (
            "name: [1]\nitems: 2\n",
            [
                "f.yaml:1: name: input should be a valid string",
                "f.yaml:2: items: input should be a valid list",
            ],
        ),
        ("- a\n", ["f.yaml:1: input should be"]),
        ("name: x\nitems: [{number: '" + "y" * 1000 + "'}]\n", ["f.yaml:2: items.0.number: input should be"]),
    ],
)
def test_validate(text, messages):
    with pytest.raises(UserError) as caught:
        validate(parse(text, "f.yaml"), Outer)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(messages)
    for line, message in zip(lines, messages, strict=True):
        assert line.startswith(message)
        assert len(line) < 400


def test_validate_good():
    assert validate(parse("name: x\ninner: {number: 3}\n", "f.yaml"), Outer) == Outer(
        name="x", inner=Inner(number=3)
    )


SNIPPETS = st.sampled_from(
    [
        "a",
        "b: ",
        "- ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        "&x ",
        "*x",
        "<<: ",
        "!!int ",
        "!!set ",
        "!!bool ",
        "!!omap ",
        "!!binary ",
        "!!timestamp ",
        "0x",
        "9" * 50,
        "1:1:1",
        ".inf",
        ".nan",
        "~",
        "'",
        '"',
        "\\",
        "\t",
        "? ",
        ": ",
        ", ",
        "---\n",
        "%",
        "| ",
        "> ",
        "=",
        "2001-01-01",
        "\ud800",
        "\0",
        "\x85",
        "\ufeff",
    ]
)


@given(text=st.text(max_size=40) | st.lists(SNIPPETS, max_size=25).map("".join))
def test_any_text_is_a_document_or_the_users_error(text):
    try:
        document = parse(text, "f.yaml")
        validate(document, Outer)
    except UserError as error:
        for line in str(error).splitlines():
            assert line.startswith("f.yaml:")


PACKAGE = Path(exporter.__file__).parent
PACKAGED = sorted(
    path for folder in ("maps/data", "generate/alerts") for path in PACKAGE.joinpath(folder).rglob("*.yaml")
)


@pytest.mark.parametrize("path", PACKAGED, ids=lambda path: str(path.name))
def test_what_is_packaged_is_the_same_whoever_parses_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert vars(parse(text, path.name, packaged=True)) == vars(parse(text, path.name))
