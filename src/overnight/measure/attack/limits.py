"""Cheats that take more than they were given, or leave what is not what it seems. The bombs are small, and the limits
smaller: what is tried is whether a limit holds on this machine, not where it lies."""

from __future__ import annotations

import re

from overnight.measure.attack.cheat import Cheat, Evidence, Group
from overnight.measure.attack.data import listed, takes_nothing
from overnight.measure.attack.number import counted, no_scorer
from overnight.measure.attack.remedies import Remedy
from overnight.model import Status

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def finished(evidence: Evidence) -> str:
    return "it went past the limit to its own end" if any(evidence.all("done")) else ""


def outlived(evidence: Evidence) -> str:
    return listed(evidence.outside)


def control_characters(evidence: Evidence) -> str:
    shown = "".join(trial.tail + trial.why for trial in evidence.trials)
    return "what it printed can move the cursor of whoever reads it" if CONTROL.search(shown) else ""


def grown(evidence: Evidence) -> str:
    return counted(evidence) or listed(evidence.outside)


def hung_or_taken(evidence: Evidence) -> str:
    last = evidence.trials[-1]
    if last.usage.wall_seconds > 5:
        return "the harness waited for it"
    return "it was taken for a file" if evidence.scored else ""


BURN = """
import time
clock = time.monotonic
until = clock() + {seconds}
time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0
while clock() < until:
    pass
plant()
leave()
end()
"""

LIMITS = (
    Cheat(
        "fake the clock",
        Group.LIMITS,
        "Stops every clock that it can see, and works on past the end of its box.",
        BURN.format(seconds=3),
        finished,
        Remedy.LIMIT,
        seconds=1.5,
        ends=frozenset({Status.TIMEOUT}),
    ),
    Cheat(
        "work before its time begins",
        Group.LIMITS,
        "Warms up for as long as it likes before it starts the clock that it reports by.",
        BURN.format(seconds=3).replace("time.time = ", "started = "),
        finished,
        Remedy.LIMIT,
        seconds=1.5,
        ends=frozenset({Status.TIMEOUT}),
    ),
    Cheat(
        "leave a daemon",
        Group.LIMITS,
        "A grandchild in a session of its own that ignores signals and holds the output open.",
        """
sleeper = "import signal, time\\nfor number in (1, 2, 15):\\n    signal.signal(number, signal.SIG_IGN)\\ntime.sleep(20)"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", sleeper, FACTS["token"]])
    os._exit(0)
import time
time.sleep(0.2)
end()
""",
        outlived,
        Remedy.WALLS,
    ),
    Cheat(
        "use too much memory",
        Group.LIMITS,
        "Fills memory to three times a limit of 256 MB.",
        """
import time
held = []
for _ in range(48):
    held.append(bytearray(b"x" * 16) * 1000000)
time.sleep(1)
end()
""",
        finished,
        Remedy.LIMIT,
        limits={"memory_mb": 256.0},
        ends=frozenset({Status.MEMORY}),
    ),
    Cheat(
        "start too many processes",
        Group.LIMITS,
        "Starts 60 where 24 are allowed.",
        """
import signal, time
born = []
for _ in range(60):
    child = os.fork()
    if not child:
        time.sleep(5)
        os._exit(0)
    born.append(child)
time.sleep(1)
for child in born:
    os.kill(child, signal.SIGKILL)
end()
""",
        finished,
        Remedy.LIMIT,
        limits={"processes": 24},
        ends=frozenset({Status.PROCESSES}),
    ),
    Cheat(
        "fill the disk",
        Group.LIMITS,
        "Writes 48 MB where 16 are allowed, in files of 4.",
        """
import time
for number in range(12):
    with open("full-{}".format(number), "wb") as file:
        file.write(os.urandom(1 << 16) * 64)
        file.flush()
        os.fsync(file.fileno())
time.sleep(0.5)
end()
""",
        finished,
        Remedy.LIMIT,
        limits={"writes_mb": 16.0},
        ends=frozenset({Status.DISK}),
    ),
    Cheat(
        "fill the log",
        Group.LIMITS,
        "Prints 8 MB where 1 is allowed.",
        """
for _ in range(128):
    os.write(1, b"x" * 65535 + b"\\n")
end()
""",
        finished,
        Remedy.LIMIT,
        limits={"output_mb": 1.0},
        ends=frozenset({Status.OUTPUT}),
    ),
    Cheat(
        "leave a zip bomb",
        Group.LIMITS,
        "Leaves a small archive of 200 MB, and says that it is an array of 100 GB.",
        """
import zipfile
def bomb(name):
    header = b"\\x93NUMPY\\x01\\x00v\\x00{'descr': '<f8', 'fortran_order': False, 'shape': (13000000000,), }"
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("weights.npy", "w") as file:
            file.write(header.ljust(127) + b"\\n")
            for _ in range(200):
                file.write(bytes(1000000))
leave(make=bomb)
end()
""",
        grown,
        Remedy.LIMIT,
        unfit=no_scorer,
    ),
    Cheat(
        "leave a pipe or a device",
        Group.LIMITS,
        "Leaves something that gives no end, or never a byte, where a file is to be taken.",
        """
import stat
def pipe(name):
    os.path.lexists(name) and os.unlink(name)
    if not tried(lambda: os.mknod(name, stat.S_IFCHR | 0o666, os.makedev(1, 5))):
        os.mkfifo(name)
leave(make=pipe)
plant()
end()
""",
        hung_or_taken,
        Remedy.LIMIT,
        unfit=takes_nothing,
    ),
    Cheat(
        "hide lines from whoever reads",
        Group.LIMITS,
        "Prints escape sequences and carriage returns that erase what stood there.",
        """
os.write(1, b"\\x1b[8mi cheat\\x1b[0m\\rall is well\\x1b[2K\\x1b[1A\\x08\\x08\\x07\\x9b2J\\n")
end()
""",
        control_characters,
        Remedy.LIMIT,
    ),
)
