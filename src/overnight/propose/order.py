"""What the line of a coding client says, read and checked: `claude model=opus seconds=600`, `command ./agent.sh`."""

from __future__ import annotations

import difflib
import shlex
from pathlib import Path

from overnight.errors import UsageError
from overnight.program.program import Program
from overnight.propose.agents import AgentLine, Workplace
from overnight.propose.rows import ROWS
from overnight.propose.turn import Order

EVERY = ("seconds", "idle", "turns", "tokens", "env", "read", "model")
NAMED = ("base_url", "key_env", "login", "args")


def order_of(line: AgentLine, place: Workplace) -> Order:
    row, options, program = ROWS[line.name], line.options, place.program
    generic = not row.argv
    known = EVERY if generic else (*EVERY, *NAMED, *(("provider",) if row.provider else ()))
    _refuse_unknown(line, known)
    if generic and not line.words:
        raise UsageError(f"{line.text!r} does not say what to start: command PROGRAM …, as in command ./my-agent.sh")
    if not generic and line.words:
        where = f"more words for {row.name} go into args='…', and another agent is a line of its own"
        raise UsageError(f"{line.text!r}: {line.words[0]!r} is no option; {where}")
    if options.get("base_url") and row.url_files and not options.get("model"):
        raise UsageError(f"{line.text!r}: with base_url= say which model= there is")
    home = Path(place.environ.get("HOME", "/"))
    return Order(
        row=row,
        argv=tuple(_word(word, place, home) for word in line.words),
        model=options.get("model", ""),
        provider=options.get("provider", ""),
        base_url=options.get("base_url", ""),
        key=_key(line, place),
        seconds=_number(line, "seconds", 1200.0),
        idle_seconds=_number(line, "idle", row.idle_seconds or 0.0) or None,
        turns=int(_number(line, "turns", 100)),
        tokens=int(_number(line, "tokens", 0)) or None,
        login=_login(line),
        args=tuple(shlex.split(options.get("args", ""))),
        env=(*program.pass_env, *filter(None, options.get("env", "").split(","))),
        read=(*_own(line, place, home), *(_path(p, place, home) for p in options.get("read", "").split(",") if p)),
    )


def _refuse_unknown(line: AgentLine, known: tuple[str, ...]) -> None:
    for option in line.options:
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1)
            hint = f"did you mean {near[0]}=?" if near else f"there is {', '.join(f'{name}=' for name in known)}"
            raise UsageError(f"{line.text!r}: there is no option {option}=: {hint}")


def _number(line: AgentLine, name: str, usual: float) -> float:
    said = line.options.get(name)
    if said is None:
        return usual
    try:
        number = float(said)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e12:
        raise UsageError(f"{line.text!r}: {name}={said} is no positive number")
    return number


def _login(line: AgentLine) -> bool:
    said = line.options.get("login", "off")
    if said not in ("on", "off"):
        raise UsageError(f"{line.text!r}: login={said}: say on or off")
    return said == "on"


def _key(line: AgentLine, place: Workplace) -> str:
    """A key of the user's goes to another service only if the line names it."""
    name = line.options.get("key_env")
    if name is None:
        return "none"
    if "base_url" not in line.options:
        raise UsageError(f"{line.text!r}: key_env= is for a base_url=; without one the client finds its key by itself")
    if name not in place.environ:
        raise UsageError(f"{line.text!r}: the environment has no {name}")
    return place.environ[name]


def _word(word: str, place: Workplace, home: Path) -> str:
    """A path that starts with ./ or ~/ is the user's: in the agent's folder there is only what git tracks."""
    return _path(word, place, home) if word.startswith(("./", "../", "~/")) else word


def _own(line: AgentLine, place: Workplace, home: Path) -> list[str]:
    paths = [_word(word, place, home) for word in line.words]
    return [path for path in paths if path.startswith("/") and Path(path).exists()]


def _path(path: str, place: Workplace, home: Path) -> str:
    if path.startswith("~/"):
        return str(home / path[2:])
    return str((_folder(place.program, place) / path).absolute())


def _folder(program: Program, place: Workplace) -> Path:
    return place.repo.root / program.folder
