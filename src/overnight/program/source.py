"""Python source as a tree, for texts that anybody may have written."""

from __future__ import annotations

import ast
import re
import threading
import warnings

_PARSING = threading.Lock()  # the warning filters are the process's, and slots parse on threads of their own

_LEFT_ALONE = re.compile(r"#\s*fixed\b", re.IGNORECASE)


def parse(text: str) -> ast.Module | None:
    """The tree, or None where it does not parse."""
    parsed = _parsed(text)
    return parsed if isinstance(parsed, ast.Module) else None


def syntax_error(text: str) -> str:
    """Why it does not parse; empty when it does."""
    parsed = _parsed(text)
    if isinstance(parsed, SyntaxError):
        return parsed.msg + (f" (line {parsed.lineno})" if parsed.lineno else "")
    return "" if isinstance(parsed, ast.Module) else type(parsed).__name__


def left_alone(line: str) -> bool:
    """True where a person has written `# fixed` behind a value: it is neither turned nor replaced."""
    return bool(_LEFT_ALONE.search(line))


def _parsed(text: str) -> ast.Module | Exception:
    """Other people's invalid escapes are not our warnings."""
    with _PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return error
