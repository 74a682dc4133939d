"""YAML, JSON and TOML files: what is found in them, and that a turned knob changes one line and one value."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from overnight.program.knobs import find_knobs, literals_in, with_knobs
from overnight.program.literals import Literal
from overnight.program.ranges import Value
from tests.program.documents import JSON, TOML, YAML

INDEX = """\
# A vector index.
index:
  type: hnsw
  metric: "cosine"  # cosine | l2
  dim: 768
  m: 16             # 4..64, doubling
  build: {ef: 200, quantize: off}
stages:
  - {name: first, k: 100}
  - {name: second, k: 10}
weights: [0.2, 0.8]
seed: 42
log: {level: 2}
"""
DATABASE = """\
port = 5432
shared_buffers = "128MB"   # 64..1024
[planner]
page_cost = 4.0            # 1..10
jit = true
[[pool]]
size = 10
[[pool]]
size = 20
"""
SERVER = """\
{"version": 2, "server": {"host": "0.0.0.0", "port": 8080, "workers": 4},
 "cache": {"enabled": true, "ttl": "30s"}}
"""


def names(text: str, path: str) -> list[str]:
    return [knob.name for knob in find_knobs(text, path)]


def test_a_vector_index_shows_what_tunes_it() -> None:
    found = ["index.metric", "index.m", "index.build.ef", "index.build.quantize", "stages[0].k", "stages[1].k"]
    assert names(INDEX, "index.yaml") == [*found, "weights[0]", "weights[1]"]


def test_a_database_shows_what_tunes_it() -> None:
    found = ["shared_buffers", "planner.page_cost", "planner.jit", "pool[0].size", "pool[1].size"]
    assert names(DATABASE, "pg.toml") == found


def test_a_server_shows_what_tunes_it() -> None:
    assert names(SERVER, "conf/server.json") == ["server.workers", "cache.enabled", "cache.ttl"]


@pytest.mark.parametrize(
    ("text", "path", "turn", "line"),
    [
        (INDEX, "a.yaml", {"index.m": 32}, "  m: 32             # 4..64, doubling"),
        (INDEX, "a.yml", {"index.build.quantize": True}, "  build: {ef: 200, quantize: on}"),
        (INDEX, "a.yaml", {"index.metric": "l2"}, '  metric: "l2"  # cosine | l2'),
        (DATABASE, "a.toml", {"shared_buffers": 256}, 'shared_buffers = "256MB"   # 64..1024'),
        (DATABASE, "a.toml", {"pool[1].size": 30}, "size = 30"),
        (SERVER, "a.json", {"cache.enabled": False}, ' "cache": {"enabled": false, "ttl": "30s"}}'),
        ("rate: 1.0e-3", "a.yaml", {"rate": 0.0003}, "rate: 3.0e-4"),
        ("rate: 0.001", "a.yaml", {"rate": 0.00003}, "rate: 3.0e-5"),
        ("rate: 1.0e+3", "a.yaml", {"rate": 20000.0}, "rate: 2.0e+4"),
        ("rate: 1e-3", "a.yaml", {"rate": 0.0003}, "rate: 3e-4"),
        ("rate = 1E-3", "a.toml", {"rate": 0.0003}, "rate = 3E-4"),
        ("steps = 1_000", "a.toml", {"steps": 1500}, "steps = 1_500"),
        ("mode: a  # a | true", "a.yaml", {"mode": "true"}, "mode: 'true'  # a | true"),
        ("size: &size 4  # 1..9\nother: *size", "a.yaml", {"size": 5}, "size: &size 5  # 1..9"),
    ],
)
def test_a_turned_knob_keeps_its_line_as_it_was_written(
    text: str, path: str, turn: dict[str, Value], line: str
) -> None:
    old, new = text.split("\n"), with_knobs(text, turn, path).split("\n")
    assert [b for a, b in zip(old, new, strict=True) if a != b] == [line]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: 1\na: 2\n", "a.yaml"),
        ("a: 1\n---\na: 2\n", "a.yaml"),
        ("a: [1, 2, 3, 4, 5]\n", "a.yaml"),
        ("a b: 1\n'c, d': 2\n", "a.yaml"),
        ("a: 010\nb: 12:30:00\nc: 0x1f\nd: '3'\ne: !!str 4\nf: null\ng: |\n  5\n", "a.yaml"),
        ("a: {\n", "a.yaml"),
        ("a: *nowhere_to_be_found\n", "a.yaml"),
        ('{"a": 1, "a": 2}', "a.json"),
        ('{"a": NaN, "b": null, "c": "\\u0035ms"}', "a.json"),
        ("[1", "a.json"),
        ("a = 1\na = 2\n", "a.toml"),
        ('a = """\n1\n"""\nb = 1979-05-27 07:32:00\nc = inf\nd = 0x1f\n', "a.toml"),
        ("RATE = 0.1\n", "rate.txt"),
        ("RATE = 0.1\n", "Makefile"),
    ],
)
def test_what_cannot_be_located_safely_is_left_alone(text: str, path: str) -> None:
    from overnight.program.knobs import turnable

    assert not turnable(path) or names(text, path) == []


def test_what_a_deep_document_holds_is_left_alone() -> None:
    for path, text in (("a.json", "[" * 30000 + "]" * 30000), ("a.toml", "a = " + "[" * 30000 + "]" * 30000)):
        assert names(text, path) == []


def test_a_knob_that_is_referred_to_turns_what_refers_to_it() -> None:
    turned = with_knobs("base: &b {size: 4}\none: *b\ntwo:\n  <<: *b\n  rate: 0.1\n", {"base.size": 6}, "a.yaml")
    assert yaml.safe_load(turned) == {"base": {"size": 6}, "one": {"size": 6}, "two": {"size": 6, "rate": 0.1}}


@pytest.mark.parametrize(("path", "load", "documents"), [
    ("a.json", json.loads, JSON), ("a.toml", tomllib.loads, TOML), ("a.yaml", yaml.safe_load, YAML),
])  # fmt: skip
def test_any_value_of_any_document_can_be_turned_alone(
    path: str, load: Callable[[str], Any], documents: st.SearchStrategy[str]
) -> None:
    @given(documents, st.integers(0, 10**6))
    def each(text: str, drawn: int) -> None:
        literals = literals_in(text, path)
        assert with_knobs(text, {literal.name: literal.value for literal in literals}, path) == text
        if literals:
            literal = literals[drawn % len(literals)]
            value = another(literal, drawn)
            new = with_knobs(text, {literal.name: value}, path)
            changed = [(a, b) for a, b in zip(text.split("\n"), new.split("\n"), strict=True) if a != b]
            assert len(changed) == 1
            assert same(load(new), replaced(load(text), literal, value))

    each()


def another(literal: Literal, drawn: int) -> Value:
    if isinstance(literal.value, bool):
        return not literal.value
    if isinstance(literal.value, str):
        return "elsewhere"
    return literal.value + drawn + 1 if isinstance(literal.value, int) else 1.37 * literal.value + 1e-5 * (drawn + 1)


def replaced(document: Any, literal: Literal, value: Value) -> Any:
    """The document with another value in that place."""
    new = document = deepcopy(document)
    for key in literal.keys[:-1]:
        new = new[key]
    new[literal.keys[-1]] = value
    if literal.unit:
        new[literal.keys[-1]] = f"{value}{literal.unit}"
    return document


def same(a: Any, b: Any) -> bool:
    """1e-3 is a word to PyYAML, and a number to everybody else; floats may be rounded where they are written."""
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, str) and isinstance(b, float):
        return math.isclose(float(a), b)
    return type(a) is type(b) and (a == b or a != a)
