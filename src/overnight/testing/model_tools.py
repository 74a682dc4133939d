"""How the scripted model uses the tools that a coding client offers it: by the names of their fields, not of the tools.

Promises: a file is read, written or changed in the way that the client itself offers: a tool with a path and a text, a
patch, or else a shell. None where nothing offered will do. It looks at a request only, and remembers nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PATH = ("file_path", "filePath", "absolute_path", "path", "filename", "target_file")
TEXT = ("content", "contents", "file_text", "text")
OLD = ("old_string", "oldString", "oldText", "old_str", "old_text", "search", "before")
NEW = ("new_string", "newString", "newText", "new_str", "new_text", "replace", "after")
SHELL = ("cmd", "command", "script")
PATCH = ("input", "patch", "patchText")
FILLERS: Mapping[str, Any] = {"boolean": False, "number": 1, "integer": 1, "array": [], "object": {}}


@dataclass(frozen=True, slots=True)
class Tool:
    """What a client offers. `custom`: it takes plain text in place of named fields."""

    name: str
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: Sequence[str] = ()
    custom: bool = False

    def has(self, names: Iterable[str]) -> str | None:
        return next((name for name in names if name in self.fields), None)


@dataclass(frozen=True, slots=True)
class Call:
    tool: Tool
    arguments: Mapping[str, Any] | str


def reading(tools: Sequence[Tool], path: str) -> Call | None:
    """Some clients let a file be changed only once it was read."""
    for tool in tools:
        place = tool.has(PATH)
        if place and "read" in tool.name.lower() and not tool.has(TEXT):
            return _call(tool, {place: path})
    return None


def writing(tools: Sequence[Tool], path: str, text: str) -> Call | None:
    """The file gets this text, whatever it had."""
    for tool in tools:
        place, content = tool.has(PATH), tool.has(TEXT)
        if place and content and not tool.name.lower().startswith("read"):
            return _call(tool, {place: path, content: text})
    added = "".join(f"+{line}\n" for line in text.removesuffix("\n").split("\n"))
    patch = _patching(tools, f"*** Begin Patch\n*** Add File: {path}\n{added}*** End Patch\n")
    return patch or running(tools, f"cat > {shlex.quote(path)} <<'END_OF_FILE'\n{text.rstrip()}\nEND_OF_FILE\n")


def replacing(tools: Sequence[Tool], path: str, old: str, new: str) -> Call | None:
    """`old` becomes `new` in the file, as far as the client thinks that this can be meant."""
    for tool in tools:
        place, before, after = tool.has(PATH), tool.has(OLD), tool.has(NEW)
        if place and before and after:
            return _call(tool, {place: path, before: old, after: new})
        many = _pairs(tool)
        if place and many:
            return _call(tool, {place: path, many[0]: [{many[1]: old, many[2]: new}]})
    lines = [*(f"-{line}\n" for line in old.splitlines()), *(f"+{line}\n" for line in new.splitlines())]
    patch = f"*** Begin Patch\n*** Update File: {path}\n@@\n{''.join(lines)}*** End Patch\n"
    # Codex has a command of this name in its shell, and sometimes nothing else
    return _patching(tools, patch) or running(tools, f"apply_patch <<'END_OF_FILE'\n{patch}END_OF_FILE\n")


def unnumbered(text: str) -> str:
    """A file as a client shows it, without the numbers of the lines, and without the last line break."""
    return re.sub(r"^ *\d+(\t|→|\| ?)", "", text, flags=re.MULTILINE).rstrip("\n")


def running(tools: Sequence[Tool], command: str) -> Call | None:
    for tool in tools:
        line = tool.has(SHELL)
        if line and not tool.has(PATH):
            words = tool.fields[line].get("type") == "array"
            return _call(tool, {line: ["bash", "-c", command] if words else command})
    return None


def _pairs(tool: Tool) -> tuple[str, str, str] | None:
    """A field that holds a list of replacements, and what these are called in it."""
    for name, schema in tool.fields.items():
        inner = Tool(name, schema.get("items", {}).get("properties", {})) if schema.get("type") == "array" else None
        before, after = (inner.has(OLD), inner.has(NEW)) if inner else (None, None)
        if before and after:
            return name, before, after
    return None


def _patching(tools: Sequence[Tool], patch: str) -> Call | None:
    for tool in tools:
        if "patch" in tool.name and tool.custom:
            return Call(tool, patch)
        text = tool.has(PATCH)
        if "patch" in tool.name and text:
            return _call(tool, {text: patch})
    return None


def _call(tool: Tool, arguments: dict[str, Any]) -> Call:
    """With something in every field that must not be missing."""
    for name in tool.required:
        schema = tool.fields.get(name, {})
        options = schema.get("enum", ())
        wanted = next(
            (word for word in ("write", "create", "view") if word in options), next(iter(options), "as asked")
        )
        arguments.setdefault(name, FILLERS.get(str(schema.get("type")), wanted))
    return Call(tool, arguments)
