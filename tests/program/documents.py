"""Documents as people write them, for property tests: nested, quoted, commented, with units and odd numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import strategies as st

KEYS = st.sampled_from(["rate", "m", "größe", "max-len", "a.b", "x_1", "on", "two words", "12", "Ω"])
NUMBERS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(-1e5, 1e5).filter(lambda x: x == 0 or abs(x) > 1e-9).map(repr),
    st.floats(1e-8, 1e5).map(lambda x: f"{x:.1e}"),
    st.floats(1e-8, 1e5).map(lambda x: f"{x:.2E}"),
    st.sampled_from(["0", "-0.5", "1.0e+3", "2.5E-07", "128"]),
)
WORDS = st.sampled_from(
    ["cosine", "128MB", "30 s", "ä → ö", "a, b", 'say "so"', "back\\slash", "it's", "# none", "", "7"]
)
COMMENTS = st.sampled_from(["", "", "  # 4..64, log", " # größer: {1, [2", "   # 'quoted\" # twice"])


def lines(parts: Sequence[str]) -> str:
    return "".join(f"{part}\n" for part in parts)


def mapping(values: st.SearchStrategy[str], least: int = 0) -> st.SearchStrategy[list[tuple[str, str]]]:
    return st.lists(st.tuples(KEYS, values), min_size=least, max_size=4, unique_by=lambda pair: pair[0])


# JSON

_JSON_SCALARS = st.one_of(NUMBERS, WORDS.map(json.dumps), WORDS.map(lambda w: json.dumps(w, ensure_ascii=False)),
                          st.sampled_from(["true", "false", "null"]))  # fmt: skip
_JSON_SPACE = st.sampled_from(["", " ", "\n  ", "\t"])


def _json_level(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    objects = st.tuples(mapping(inner, 1), _JSON_SPACE).map(
        lambda both: "{" + ",".join(f"{both[1]}{json.dumps(key)}:{both[1]}{value}" for key, value in both[0]) + "}"
    )
    arrays = st.tuples(st.lists(inner, max_size=5), _JSON_SPACE).map(lambda both: f"[{(',' + both[1]).join(both[0])}]")
    return objects | arrays


JSON = _json_level(st.recursive(_JSON_SCALARS, _json_level, max_leaves=12))

# TOML

_TOML_STRINGS = st.one_of(
    WORDS.map(lambda w: json.dumps(w, ensure_ascii=False)),
    WORDS.filter(lambda w: "'" not in w).map(lambda w: f"'{w}'"),
    WORDS.map(lambda w: f"'''\n{w}\nsize = 3 # no\n'''"),
    st.just('"""\n[no.table]\nrate = 1 \\\n"""'),
)
_TOML_SCALARS = st.one_of(
    NUMBERS, _TOML_STRINGS, st.sampled_from(["true", "false", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00", "1_000"])
)
_TOML_KEYS = st.sampled_from(["rate", "m", "x_1", "max-len", '"a.b"', "'two words'", '"größe"', "12", "deep.er", "on"])


def _toml_inline(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(_TOML_KEYS, inner), max_size=3, unique_by=lambda pair: pair[0])
    return st.one_of(
        pairs.map(lambda items: "{" + ", ".join(f"{key} = {value}" for key, value in items) + "}"),
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, max_size=4).map(lambda items: "[\n" + "".join(f"  {each}, # 2..9 ]\n" for each in items) + "]"),
    )


_TOML_ONE_LINE = NUMBERS | st.sampled_from(["true", '"30 s"', "'a'"])
_TOML_VALUES = _TOML_SCALARS | st.recursive(_TOML_ONE_LINE, _toml_inline, max_leaves=5)
_TOML_BODY = st.lists(st.tuples(_TOML_KEYS, _TOML_VALUES, COMMENTS), max_size=4, unique_by=lambda entry: entry[0]).map(
    lambda entries: lines([f"{key} = {value}{comment}" for key, value, comment in entries])
)
_TOML_HEADERS = st.lists(st.sampled_from(["t", "u.v", '"w.x" . y']), max_size=3, unique=True)


@st.composite
def _toml(draw: st.DrawFn) -> str:
    parts = [draw(_TOML_BODY)]
    parts += [f"[{header}] # a table\n{draw(_TOML_BODY)}" for header in draw(_TOML_HEADERS)]
    for _ in range(draw(st.integers(0, 2))):
        parts.append(f"[[rows]]\n{draw(_TOML_BODY)}\n[rows.inner]\n{draw(_TOML_BODY)}")
    return "\n".join(parts)


TOML = _toml()

# YAML

_YAML_STRINGS = st.one_of(
    WORDS.map(lambda w: json.dumps(w, ensure_ascii=False)),
    WORDS.map(lambda w: "'" + w.replace("'", "''") + "'"),
    st.sampled_from(["cosine", "128MB", "30 s", "~", "null", "!!str 5", "2026-11-21", "12:30"]),
)
_YAML_SCALARS = st.one_of(NUMBERS, _YAML_STRINGS, st.sampled_from(["true", "no", "Off", "TRUE", "0x1f", "1_000", ".5"]))
_YAML_KEYS = KEYS.map(lambda key: json.dumps(key, ensure_ascii=False) if key in ("on", "12") else key)


def _yaml_flow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return mapping(inner).map(
        lambda pairs: "{" + ", ".join(f'"{key}": {value}' for key, value in pairs) + "}"
    ) | st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")


_YAML_LEAVES = st.tuples(_YAML_SCALARS | st.recursive(_YAML_SCALARS, _yaml_flow, max_leaves=5), COMMENTS).map("".join)
_YAML_BLOCKS = st.sampled_from([" |\n  rate: 1\n  # no", " >-\n  folded\n  text 4", " &anchor 6", " &b {m: 3}"])


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else line for line in text.split("\n"))


def _yaml_block(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    values = inner.map(lambda text: "\n" + _indented(text)) | _YAML_LEAVES.map(lambda text: f" {text}") | _YAML_BLOCKS
    pairs = st.lists(st.tuples(_YAML_KEYS, values), min_size=1, max_size=4, unique_by=lambda pair: pair[0])
    maps = pairs.map(lambda items: "\n".join(f"{key}:{value}" for key, value in items))
    return maps | st.lists(_YAML_LEAVES, min_size=1, max_size=5).map(lambda each: "\n".join(f"- {e}" for e in each))


_YAML_TOP = st.recursive(_YAML_LEAVES.map(lambda text: f"leaf: {text}"), _yaml_block, max_leaves=8)
YAML = st.tuples(st.sampled_from(["", "# head\n", "%YAML 1.1\n---\n"]), _YAML_TOP).map(
    lambda both: f"{both[0]}{both[1]}\n"
)
