"""Hostile agents, each for one turn, at one level of isolation: run by test_hostile where whatever survives dies with
it. Prints what came of each, and how many processes were left.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from overnight.model import Proposal
from tests.propose.command.desk import asked

EDIT = "sed -i 's/WIDTH = 4/WIDTH = 8/' train.py"
SLEEP = f"sleep 432{sys.argv[1]}"  # by which what is left is known
SCRIPTS = {
    "daemon": f"setsid {SLEEP} & (setsid nohup {SLEEP} </dev/null >/dev/null 2>&1 &) ; {EDIT}",
    "deaf": f"trap '' TERM INT HUP; while :; do {SLEEP}; done",
    "swarm": f"while {SLEEP} & do :; done; wait",
    "flood": "yes",
    "one line": "tr '\\0' x </dev/zero",
    "events": 'yes \'{"type":"user"}\'',
}


def main() -> None:
    level, folder = sys.argv[1], Path(sys.argv[2])
    for number, (name, script) in enumerate(SCRIPTS.items()):
        here = folder / str(number)
        here.mkdir()
        seconds = 3 if name == "deaf" else 120
        answer = asked(here, f"command {{script}} seconds={seconds}", script, sandbox=level)
        came = "proposal" if isinstance(answer, Proposal) else answer.trouble
        print(json.dumps([name, came, _sleepers()]), flush=True)


def _sleepers() -> int:
    lines = (Path(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdigit())
    return sum(_command(line).startswith(SLEEP.encode().replace(b" ", b"\0")) for line in lines)


def _command(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


if __name__ == "__main__":
    main()
