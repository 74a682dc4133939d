"""What can be said of an agent before a night: where its program lies, its version, and by what it is logged in.

Names of variables and folders are told, never what they hold. A client is asked for its version in an empty home and
with no key, and for nothing else: whether a key is accepted shows only when the night asks its service.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from overnight.propose.agents import AgentLine, Found
from overnight.propose.rows import Row
from overnight.propose.turn import Order

PATIENCE_SECONDS = 20.0


def find_client(order: Order, line: AgentLine, environ: Mapping[str, str]) -> Found:
    row = order.row
    name = (row.argv or order.argv)[0]
    path = shutil.which(name, path=environ.get("PATH", os.defpath))
    if path is None:
        return Found("warn", f"{name} is not on PATH" + (f": {row.get}" if row.get else ""))
    if not row.argv:
        return Found("ok", path)
    version = version_of(path, environ)
    if too_old(version, row.oldest):
        return Found("warn", f"{path}, {version}: it must be {row.oldest} or newer: {row.get}")
    by = _service(order, line) or logged_in(row, order.login, order.env, environ)
    return Found("ok" if by else "warn", f"{path}, {version or 'version unknown'}; {by or how_to_log_in(row)}")


def version_of(program: str, environ: Mapping[str, str]) -> str:
    """ "": it does not say."""
    with TemporaryDirectory() as home:
        env = {"PATH": environ.get("PATH", os.defpath), "HOME": home}
        try:
            done = subprocess.run(
                [program, "--version"],
                cwd=home,
                env=env,
                stdin=subprocess.DEVNULL,
                timeout=PATIENCE_SECONDS,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
    found = re.search(r"\d+(?:\.\d+)+", done.stdout)
    return found[0] if found and done.returncode == 0 else ""


def too_old(version: str, oldest: str) -> bool:
    return bool(_numbers(version)) and _numbers(version) < _numbers(oldest)


def logged_in(row: Row, login: bool, more: tuple[str, ...], environ: Mapping[str, str]) -> str:
    """ "": by nothing that we know of."""
    if login:
        home = Path(environ.get("HOME", "/"))
        there = [f"~/{name}" for name in row.login if (home / name).exists()]
        return f"your login in {', '.join(there)}" if there else ""
    keys = [name for name in (*row.keys, *more) if not name.endswith("_URL") and environ.get(name)]
    return f"key in {', '.join(keys)}" if keys else ""


def how_to_log_in(row: Row) -> str:
    return f"no key: set {row.keys[0]}, or log in to it yourself and say login=on"


def _service(order: Order, line: AgentLine) -> str:
    if not order.base_url:
        return ""
    name = line.options.get("key_env")
    return f"at {order.base_url}, " + (f"key in {name}" if name else "without a key")


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
