"""The ideas that program.md asks to be tried: the bullets below a heading `Ideas`, each with what is written under it.

Their order is the file's. What stands there is nobody's rule: `prose.py` enforces nothing of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from overnight.model import Idea

MOST_CHARACTERS = 1000
_HEADING = re.compile(r"(?:my |our |some )?ideas?(?: to try| for tonight)?\s*:?\s*", re.IGNORECASE)
_MARKDOWN = MarkdownIt("commonmark").disable("inline", ignoreInvalid=True)  # emphasis and links stay text


def ideas_of(prose: str) -> list[Idea]:
    """An idea's id stays what it is while its words do; the same words twice are one idea."""
    texts = dict.fromkeys(filter(None, (" ".join(text.split())[:MOST_CHARACTERS] for text in _bullets(prose))))
    return [
        Idea(f"md-{hashlib.sha256(text.casefold().encode('utf-8', 'replace')).hexdigest()[:12]}", text)
        for text in texts
    ]


def _bullets(prose: str) -> Iterator[str]:
    """The outermost bullets of the lists below the heading, up to the next heading that is not deeper."""
    below, depth, parts, tokens = 0, 0, list[str](), _MARKDOWN.parse(prose)
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            below = _below(token, tokens[place + 1].content, below)
        if not below:
            continue
        depth += token.nesting if token.type.startswith("list_item") else 0
        if token.type == "list_item_close" and depth == 0:
            yield " ".join(parts)
            parts = []
        if token.type == "inline" and depth:
            parts.append(token.content)


def _below(heading: Token, words: str, below: int) -> int:
    """The depth of the heading `Ideas` that is in force from this heading on; 0: none."""
    level = int(heading.tag[1])
    if below and level > below:
        return below
    return level if _HEADING.fullmatch(words.strip("#* ")) else 0
