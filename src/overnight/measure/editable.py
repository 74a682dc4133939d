"""A project that is installed editable into its own environment would be imported from the user's working tree, and
every experiment would measure the same code. So the same folders of the checkout come first.

Covers path files (`.pth`) and the finders that setuptools writes, each with a mapping from package to folder.
"""

from __future__ import annotations

import ast
import glob
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path


def python_path(python: Path | None, root: Path, tree: Path) -> dict[str, str]:
    """PYTHONPATH for a run in `tree`, where the interpreter's environment leads into `root`."""
    if python is None:
        return {}
    sites = glob.glob(f"{glob.escape(str(python.parent.parent))}/lib/python*/site-packages")
    leading = dict.fromkeys(path for site in sites for path in _leading(site, os.stat(site).st_mtime_ns))
    ours = [path.relative_to(root) for path in leading if path.is_relative_to(root)]
    folders = [str(tree / path) for path in ours if ".venv" not in path.parts]
    return {"PYTHONPATH": os.pathsep.join(folders)} if folders else {}


@lru_cache
def _leading(site: str, changed_at: int) -> tuple[Path, ...]:  # noqa: ARG001 - what was read holds as long as that
    return tuple(_found(Path(site)))


def _found(site: Path) -> Iterator[Path]:
    """The folders outside that an environment imports from."""
    for file in sorted(site.glob("*.pth")):
        lines = file.read_text(errors="replace").splitlines()
        yield from (Path(line) for line in lines if line.startswith("/"))
    for file in sorted(site.glob("__editable___*_finder.py")):
        for node in ast.walk(ast.parse(file.read_text(errors="replace"))):
            if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "MAPPING" and node.value:
                yield from (Path(folder).parent for folder in ast.literal_eval(node.value).values())
