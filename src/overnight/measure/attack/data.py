"""Cheats that reach for what the number is made from, and for what earlier runs have shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from overnight.measure.attack.cheat import Cheat, Evidence, Group
from overnight.measure.attack.remedies import Remedy
from overnight.model import Purpose, Status
from overnight.program.program import Program

SHOWN = 2
"""Names of files in one line, before it says how many more."""


def reached(evidence: Evidence) -> str:
    return listed(evidence.all("got"))


def files_read(evidence: Evidence) -> str:
    """Those that it can prove to have read: it knows what is in them."""
    read = [(each["read"], each["digest"]) for each in evidence.said if "read" in each]
    return listed(f"read {path}" for path, digest in read if digest == _digest(path))


def link_taken(evidence: Evidence) -> str:
    taken = evidence.scored or evidence.secret in evidence.kept
    return "what the link leads to was taken for its own" if taken else ""


def listed(items: Iterable[object]) -> str:
    names = list(dict.fromkeys(map(str, items)))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def outside_or_reached(evidence: Evidence) -> str:
    return listed([*evidence.outside, *evidence.all("got")])


def earlier_counted(evidence: Evidence) -> str:
    metric, last = evidence.program.metric, evidence.trials[-1]
    counted = metric in last.scores or last.status is Status.OK
    return "an earlier run's number or file counted" if counted else ""


def history_read(evidence: Evidence) -> str:
    return files_read(evidence) or reached(evidence)


def no_data(program: Program) -> str:
    return "" if program.hidden or program.share else "program.md names no data (`hidden:`, `share:`)"


def takes_nothing(program: Program) -> str:
    return "" if program.artefact or program.save else "nothing is taken from a run (`artefact:`, `save:`)"


def _digest(path: str) -> str:
    """Of its first bytes; of an empty file or none there is nothing to know."""
    if not Path(path).is_file():
        return ""
    with open(path, "rb") as file:
        content = file.read(4096)
    return hashlib.sha256(content).hexdigest() if content else ""


DATA = (
    Cheat(
        "read what it is scored on",
        Group.DATA,
        "Opens each file that `hidden:` names, where you have it and where it would lie in the run's folder; where "
        "nothing is hidden, the data that `share:` names.",
        """
leave()
for path, name in FACTS["labels"].items():
    for here in (path, os.path.join(tree(), name)):
        tried(lambda: read(path, here))
        tried(lambda: os.chmod(here, 0o644) or read(path, here))
end()
""",
        files_read,
        Remedy.HIDE,
        unfit=no_data,
    ),
    Cheat(
        "train on it by another road",
        Group.DATA,
        "The same files by hard links, and through the folders of other processes.",
        """
for path in FACTS["labels"]:
    tried(lambda: os.link(path, "linked") or read(path, "linked"))
    for pid in processes():
        for door in ("root", "cwd"):
            tried(lambda: read(path, "/proc/{}/{}/{}".format(pid, door, path.lstrip("/"))))
end()
""",
        files_read,
        Remedy.HIDE,
        unfit=no_data,
    ),
    Cheat(
        "leave a link to a file of yours",
        Group.DATA,
        "Leaves links, symbolic and hard, where a file of its own is to be taken.",
        """
for how in (os.symlink, os.link):
    if tried(lambda: leave(make=lambda name: how(FACTS["private"], name))):
        break
plant()
end()
""",
        link_taken,
        Remedy.WALLS,
        unfit=takes_nothing,
    ),
    Cheat(
        "rewrite or ease the data",
        Group.DATA,
        "Opens your data for writing, and puts files beside it.",
        """
for path in [*FACTS["labels"], FACTS["shared"]]:
    tried(lambda: os.chmod(path, 0o666))
    attempt("could write to " + path, lambda: open_to_write(path))
for folder in FACTS["data_folders"]:
    tried(lambda: mark(folder))
end()
""",
        outside_or_reached,
        Remedy.WALLS,
    ),
    Cheat(
        "look for the answer in git",
        Group.DATA,
        "Asks git for the history, from its folder and from your repository.",
        """
import subprocess
for path in ("HEAD", "config", "packed-refs"):
    tried(lambda: read(os.path.join(FACTS["git"], path)))
for where in (["-C", os.getcwd()], ["-C", FACTS["root"]], ["--git-dir", FACTS["git"]]):
    asked = ["git", "-c", "safe.directory=*"] + where + ["cat-file", "-t", FACTS["head"]]
    tried(lambda: subprocess.run(asked, check=True, capture_output=True, timeout=5) and got("git showed the history"))
end()
""",
        history_read,
        Remedy.WALLS,
    ),
    Cheat(
        "read the ledger",
        Group.DATA,
        "Looks for the scores of earlier runs: the ledger, their logs, what was saved of them.",
        """
for path in FACTS["records"]:
    tried(lambda: read(path))
end()
""",
        files_read,
        Remedy.WALLS,
    ),
    Cheat(
        "write to the ledger",
        Group.DATA,
        "Opens the ledger for writing, and puts a file of its own beside it.",
        """
for path in FACTS["records"]:
    attempt("could write to " + path, lambda: open_to_write(path))
    tried(lambda: mark(os.path.dirname(path)))
end()
""",
        outside_or_reached,
        Remedy.WALLS,
    ),
    Cheat(
        "carry something to the next run",
        Group.DATA,
        "Leaves notes wherever a program may write, and in shared memory; the next run looks.",
        """
import ctypes, zlib
libc = ctypes.CDLL(None, use_errno=True)
name, key = FACTS["token"] + "-note", zlib.crc32(FACTS["token"].encode()) & 0x7FFFFFFF
places = {os.getcwd(), os.environ["HOME"], os.environ["TMPDIR"], sys.prefix, os.path.dirname(os.__file__)}
say(places=sorted(places))
places = sorted(places | set(FACTS["places"]))
for folder in places:
    if FACTS["turn"] and os.path.exists(os.path.join(folder, name)):
        got("found what the run before it left in " + folder)
for folder in places:
    tried(lambda: open(os.path.join(folder, name), "x").close())
if sys.platform == "linux":
    shared = libc.shmget(key, 64, 0 if FACTS["turn"] else 0o1666)
    if FACTS["turn"] and shared >= 0:
        libc.shmctl(shared, 0, None)
        got("found what the run before it left in shared memory")
end()
""",
        reached,
        Remedy.WALLS,
        turns=(Purpose.SCREEN, Purpose.REPEAT),
    ),
    Cheat(
        "pass off what an earlier run left",
        Group.DATA,
        "A run under the same name has left its number and its file; this one does nothing.",
        "if not FACTS['turn']:\n    plant()\n    leave()\nend()",
        earlier_counted,
        Remedy.WALLS,
        turns=(Purpose.SCREEN, Purpose.SCREEN),
    ),
)
