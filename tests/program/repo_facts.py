"""Facts from a dict, for tests: no repository is needed to read a program."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from overnight.program.facts import Facts

AUTORESEARCH = {
    "program.md": "",
    "prepare.py": (
        "import os\nTIME_BUDGET = 300  # seconds\n"
        'CACHE_DIR = os.path.join(os.path.expanduser("~"), ".cache", "autoresearch")\n'
    ),
    "train.py": 'import torch\ntorch.manual_seed(42)\nprint("---")\nprint(f"val_bpb:          {0.9979:.6f}")\n',
}


def facts(
    files: Mapping[str, str], present: Collection[str] = (), programs: Collection[str] = (), ignored: bool = True
) -> Facts:
    """`files` are tracked; `present` are there too, in the working tree or at home, ignored or not committed."""
    return Facts(
        frozenset(files),
        files.get,
        lambda path: path in present or path in files,
        lambda path: ignored and path in present,
        lambda name: name in programs,
    )
