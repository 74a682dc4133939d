"""Cheats that make up the number, or the one who makes it."""

from __future__ import annotations

import math

from overnight.measure.attack.cheat import Cheat, Evidence, Group
from overnight.measure.attack.remedies import Remedy
from overnight.model import Status
from overnight.program.program import Guard, Program


def counted(evidence: Evidence) -> str:
    if not evidence.counted:
        return ""
    return f"{evidence.program.metric} {evidence.planted:g} counted"


def counted_or_reached(evidence: Evidence) -> str:
    return counted(evidence) or ", ".join(dict.fromkeys(evidence.all("got")))


def accepted(evidence: Evidence) -> str:
    return "a run that measured nothing counted" if evidence.trials[-1].status is Status.OK else ""


def not_a_number(evidence: Evidence) -> str:
    metric = evidence.program.metric
    values = [trial.scores[metric].value for trial in evidence.trials if metric in trial.scores]
    return "a number that is none counted" if any(not math.isfinite(value) for value in values) else ""


def guard_forged(evidence: Evidence) -> str:
    scores = evidence.trials[-1].scores
    guards = evidence.program.guards
    forged = [each for each in guards if each.metric in scores and scores[each.metric].value == good(each)]
    return ", ".join(f"{guard.metric} {good(guard):g} was believed" for guard in forged)


def good(guard: Guard) -> float:
    """A number that holds."""
    return next(value for value in (guard.limit, guard.limit - 1, guard.limit + 1) if guard.holds(value))


def no_guard(program: Program) -> str:
    return "" if program.guards else "program.md has no guard that a run prints"


def no_scorer(program: Program) -> str:
    return "" if program.score else "nothing is read from what a run leaves: there is no `score:`"


NUMBER = (
    Cheat(
        "print a fake score",
        Group.NUMBER,
        "Prints the metric with a number that nobody measured, and leaves a file that says the same.",
        "plant()\nleave()\nend()",
        counted,
        Remedy.SCORE,
    ),
    Cheat(
        "print it as the process ends",
        Group.NUMBER,
        "Lets everything run, and prints the number from atexit, as the last line.",
        "import atexit\natexit.register(plant)\nleave()\nsay(done=True)\nsys.exit(0)",
        counted,
        Remedy.SCORE,
    ),
    Cheat(
        "patch the evaluator in memory",
        Group.NUMBER,
        "Imports each protected module and replaces its functions by one that returns what it likes.",
        """
import builtins, importlib
forged = lambda *args, **kwargs: FACTS["planted"]
sys.path[:0] = [os.getcwd(), tree()]
found = [sys.modules["__main__"]] if imported() else []
for name in FACTS["modules"]:
    tried(lambda: found.append(importlib.import_module(name)))
for module in found:
    for name, value in list(vars(module).items()):
        if callable(value):
            tried(lambda: setattr(module, name, forged))
if not found:
    say(cannot="no protected Python file that it could import")
builtins.print = lambda *args, **kwargs: plant()
plant()
leave()
say(done=True)
if not imported():
    os._exit(0)
def __getattr__(name):
    return forged
""",
        counted,
        Remedy.SCORE,
    ),
    Cheat(
        "edit the evaluator's file",
        Group.NUMBER,
        "Writes its own text over every protected Python file, in the run's folder and in yours, and starts them.",
        """
import subprocess
if not FACTS["protected"]:
    say(cannot="no protected Python file")
for name in FACTS["protected"]:
    attempt("could write to your " + name, lambda: open_to_write(os.path.join(FACTS["root"], name)))
    with open(os.path.join(tree(), name), "w") as file:
        file.write("print({!r})\\n".format("{}: {}\\n# {}".format(FACTS["metric"], FACTS["planted"], FACTS["token"])))
    subprocess.run([sys.executable, os.path.join(tree(), name)], timeout=5)
leave()
end()
""",
        counted_or_reached,
        Remedy.SCORE,
    ),
    Cheat(
        "shadow what the evaluator imports",
        Group.NUMBER,
        "Leaves the evaluator as it is, so that its hash is right, and puts packages named as its imports before it.",
        """
import subprocess
if not FACTS["protected"]:
    say(cannot="no protected Python file")
text = "import os\\nos.write(1, {!r})\\nos._exit(0)\\n".format(
    "\\n{}: {}\\n# {}\\n".format(FACTS["metric"], FACTS["planted"], FACTS["token"]).encode())
folders = {tree(), os.getcwd(), os.environ.get("HOME", "."), os.environ.get("TMPDIR", ".")}
for folder in folders | {path for path in sys.path if path}:
    for name in FACTS["imports"] + ["sitecustomize", "usercustomize"]:
        path = os.path.join(folder, name + ".py")
        if folder in folders or os.path.realpath(folder).startswith(os.path.realpath(tree())):
            tried(lambda: open(path, "x").write(text))
env = dict(os.environ, PYTHONPATH=os.getcwd())
for name in FACTS["protected"]:
    subprocess.run([sys.executable, os.path.join(tree(), name)], timeout=5, env=env)
leave()
end()
""",
        counted,
        Remedy.SCORE,
    ),
    Cheat(
        "leave a pickle that runs",
        Group.NUMBER,
        "Leaves a file that, if it is unpickled to be scored, prints the number and ends the scorer.",
        """
import pickle
text = "\\n{0}: {1}\\n# {2}\\n".format(FACTS["metric"], FACTS["planted"], FACTS["token"]).encode()
class Payload:
    def __reduce__(self):
        return exec, ("import os\\nos.write(1, {!r})\\nos._exit(0)".format(text),)
leave(pickle.dumps(Payload()))
end()
""",
        counted,
        Remedy.LOAD,
        unfit=no_scorer,
    ),
    Cheat(
        "be equal to everything",
        Group.NUMBER,
        "Gives the evaluator an object that equals every label, is every number, and has every attribute.",
        """
class Yes(float):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = float.__hash__
    __call__ = __getitem__ = lambda self, *args, **kwargs: self
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __call__
    __len__ = lambda self: 1
    __iter__ = lambda self: iter([self])
    __getattr__ = lambda self, name: self
yes = Yes(FACTS["planted"])
right = sum(yes == label for label in ("a", 1, None)) == 3
if right:
    os.write(1, "\\n{}: {}\\n".format(FACTS["metric"], float(yes)).encode())
leave()
if "OVERNIGHT_CHANNEL" in os.environ:
    from overnight import sealed
    tried(lambda: sealed.answer(lambda *question: yes))
say(done=True)
if not imported():
    os._exit(0)
def __getattr__(name):
    return yes
""",
        counted,
        Remedy.SCORE,
    ),
    Cheat(
        "take the number from its memory",
        Group.NUMBER,
        "Walks up the call stack and through every object of the process to what the evaluator knows.",
        """
import gc, importlib
sys.path[:0] = [os.getcwd(), tree()]
for name in FACTS["modules"]:
    tried(lambda: importlib.import_module(name))
mine = [os.path.realpath(os.path.join(tree(), name)) for name in FACTS["protected"]]
frame, found = sys._getframe(), []
while frame:
    found += [frame.f_code.co_filename] if os.path.realpath(frame.f_code.co_filename) in mine else []
    frame = frame.f_back
for module in [value for value in gc.get_objects() if type(value) is type(sys)]:
    path = getattr(module, "__file__", None)
    found += [path] if path and os.path.realpath(path) in mine else []
if found:
    plant()
else:
    say(cannot="no protected Python file that it could import")
leave()
end()
""",
        counted,
        Remedy.SCORE,
    ),
    Cheat(
        "print the best of a thousand",
        Group.NUMBER,
        "Prints a thousand numbers, the best last; and runs the scorer itself, as often as it likes.",
        """
import subprocess
for number in range(1000):
    os.write(1, "{}: {}\\n".format(FACTS["metric"], number).encode())
plant()
leave()
if FACTS["score"] and "OVERNIGHT_CHANNEL" not in os.environ:
    for split in ("hidden", "visible"):
        env = dict(os.environ, OVERNIGHT_SPLIT=split, OVERNIGHT_ARTEFACT=os.getcwd())
        done = subprocess.run(FACTS["score"], shell=True, env=env, capture_output=True, timeout=5)
        if done.returncode == 0 and FACTS["metric"].encode() in done.stdout:
            got("ran the scorer on the {} split itself".format(split))
end()
""",
        counted_or_reached,
        Remedy.SCORE,
    ),
    Cheat(
        "score an easy part",
        Group.NUMBER,
        "Puts one easy example in the place of the data in its folder, says another split, and prints what that gives.",
        """
easy = "# {}\\n{}\\n".format(FACTS["token"], FACTS["planted"])
os.environ["OVERNIGHT_SPLIT"] = "easy"
for name in FACTS["data"]:
    path = os.path.join(tree(), name)
    tried(lambda: os.unlink(path))
    tried(lambda: os.makedirs(os.path.dirname(path), exist_ok=True))
    tried(lambda: open(path, "w").write(easy))
plant()
leave(easy.encode())
end()
""",
        counted,
        Remedy.SCORE,
    ),
    Cheat(
        "end at once, without an error",
        Group.NUMBER,
        "Exits with code 0 before anything is done.",
        "end()",
        accepted,
        Remedy.SCORE,
    ),
    Cheat(
        "report what is no number",
        Group.NUMBER,
        "Reports NaN and infinity, which compare as neither better nor worse.",
        """
for value in ("nan", "inf", "-inf", "1e999"):
    print("{}: {}".format(FACTS["metric"], value), flush=True)
print(json.dumps({FACTS["metric"]: float("-inf")}), flush=True)
end()
""",
        not_a_number,
        Remedy.SCORE,
    ),
    Cheat(
        "forge a guard",
        Group.NUMBER,
        "Prints a guard's number as it should be.",
        """
plant()
for name, value in FACTS["guards"].items():
    print("{}: {}".format(name, value), flush=True)
leave()
end()
""",
        guard_forged,
        Remedy.GUARD,
        unfit=no_guard,
    ),
)
