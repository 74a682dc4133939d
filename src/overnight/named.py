"""A class by its name: from a table of strings, imported when it is used, or as `package.module:Class`."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping
from typing import Any, cast

from overnight.errors import UsageError


def named(name: str, table: Mapping[str, str], what: str) -> Callable[..., Any]:
    """The class that goes by this name in the table, or that `package.module:Class` names."""
    target = table.get(name, name if ":" in name else None)
    if target is None:
        near = difflib.get_close_matches(name, table, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(table)}, or package.module:Class"
        raise UsageError(f"no {what} is called {name!r}: {hint}")
    module, _, attribute = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"the {what} {name!r} cannot be loaded: {error}") from error
    return cast(Callable[..., Any], found)
