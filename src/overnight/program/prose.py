"""The prose of program.md as sentences, each with its line and the kind of section it stands in.

markdown-it gives headings, paragraphs and bullets with their lines. Code blocks, HTML comments and quotations are
not sentences of the author's own and are left out. A paragraph such as `**What you CAN do:**` heads the list below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark").disable("inline", ignoreInvalid=True)  # emphasis and links stay text


class Section(Enum):
    """What a heading says about the sentences below it: the first pattern that fits the whole heading."""

    EXAMPLE = r".*\bexamples?\b.*"
    IDEAS = r"(?:my |our |some )?ideas?(?: to try| for tonight)?"
    CANNOT = (
        r".*\b(?:cannot|can ?not|can't|must not|mustn't|may not|not allowed|do not|don't|don'?ts|never|"
        r"forbidden|off[- ]limits|out of scope|read-only)\b.*"
    )
    STOP = (
        r"(?:when to )?(?:stop|stopping|end)|(?:(?:the )?(?:night|loop|search) )?(?:stops?|stopping|ends?) "
        r"(?:when|if|after|at|criteri(?:a|on)|conditions?|rules?)(?: .*)?"
    )
    CAN = (
        r"(?:what )?(?:you|the agents?) (?:can|may)(?: .*)?|what (?:can|may) change|"
        r"(?:in )?scope|allowed|editable(?: files?)?"
    )
    GOAL = r"(?:the )?(?:goal|objective|metric|aim|target)s?(?: (?:metric|and metric))?"
    RULES = r"(?:the )?(?:hard )?(?:constraints?|rules?|guards?|guardrails?|requirements?)(?: .*)?"
    OTHER = r".*"


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of the author's."""

    line: int
    text: str  # emphasis taken off, code spans kept
    section: Section
    about: str | None  # the code span that its bullet or paragraph begins with


def statements(prose: str, first_line: int) -> list[Statement]:
    out: list[Statement] = []
    for line, content, section in _blocks(prose):
        plain = _without_emphasis(content)
        about = re.match(r"`([^`\n]+)`|\w+ `([^`\n]+)`", plain)
        subject = (about[1] or about[2]) if about else None
        out += [
            Statement(first_line + line + offset, " ".join(text.split()), section, subject)
            for offset, text in _sentences(plain)
        ]
    return out


def code_blocks(prose: str, first_line: int) -> list[tuple[int, str]]:
    """The fenced and indented code, with the line of its first line of code."""
    blocks = [token for token in _MARKDOWN.parse(prose) if token.type in ("fence", "code_block") and token.map]
    return [(first_line + (t.map or [0])[0] + (t.type == "fence"), t.content) for t in blocks]


def _blocks(prose: str) -> Iterator[tuple[int, str, Section]]:
    """(line, text, section) of each paragraph and bullet."""
    outline: dict[int, Section] = {}  # by depth of heading
    lead: Section | None = None  # set by a paragraph that heads a list, for that list
    lists = quotes = heading = 0
    for token in _MARKDOWN.parse(prose):
        lists += _list_step(token)
        quotes += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        heading = int(token.tag[1]) if token.type == "heading_open" else heading
        if token.type != "inline" or not token.map or quotes:
            continue
        if heading:
            outline = {depth: kind for depth, kind in outline.items() if depth < heading}
            outline[heading] = _kind(token.content)
            heading, lead = 0, None
            continue
        if not lists:
            lead = _lead(token.content)
        if lists or lead is None:
            yield token.map[0], token.content, lead or _innermost(outline)


def _list_step(token: Token) -> int:
    return token.nesting if token.type.startswith(("bullet_list", "ordered_list")) else 0


def _innermost(outline: dict[int, Section]) -> Section:
    """A heading that says nothing leaves its sentences to the one above it."""
    known = [kind for _, kind in sorted(outline.items()) if kind is not Section.OTHER]
    return known[-1] if known else Section.OTHER


def _lead(content: str) -> Section | None:
    plain = _without_emphasis(content).strip()
    kind = _kind(plain) if plain.endswith(":") and "\n" not in plain and ". " not in plain else Section.OTHER
    return None if kind is Section.OTHER else kind


def _kind(heading: str) -> Section:
    plain = re.sub(r"[^\w' -]|^[\d.\s]+", " ", _without_emphasis(heading).lower().replace("’", "'"))
    text = " ".join(plain.split())
    return next(kind for kind in Section if re.fullmatch(kind.value, text))


def _without_emphasis(text: str) -> str:
    """Takes off `**`, `*`, `__` and `_` around words; not those inside code spans, names or globs."""
    marks = (
        r"`[^`\n]+`|\*\*|(?<![\w/.*])\*(?=\w)|(?<=[\w.!?:])\*(?![\w/.*])|(?<!\w)_{1,2}(?=\w)|(?<=[\w.!?:])_{1,2}(?!\w)"
    )
    return re.sub(marks, lambda match: match[0] if match[0][0] == "`" else "", text)


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """(lines below the start, sentence). One that begins with an exception belongs to the sentence before it."""
    start = 0
    for end in re.finditer(r"[.!?]\s+(?=[A-Z`(\"])(?!(?:Unless|Except|But|However)\b)|\Z", text):
        sentence = text[start : end.end()]
        if sentence.strip():
            lead = len(sentence) - len(sentence.lstrip())
            yield text[: start + lead].count("\n"), sentence.strip()
        start = end.end()
