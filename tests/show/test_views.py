"""What the commands print of a night, held against the whole text: it is what people read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from overnight.ledger import views
from overnight.ledger.events import Closed, Noted
from overnight.ledger.ledger import Reader
from overnight.ledger.spending import Spending
from overnight.model import Goal
from overnight.night.stop import Progress
from overnight.program.knobs import find_knobs
from overnight.program.program import Origin, Rule, Sentence, Stop
from overnight.repo.repo import Repo
from overnight.show.experiment import experiment_text
from overnight.show.paint import Screen
from overnight.show.progress import Hours, rules
from overnight.show.readback import ReadBack, readback_json, readback_text
from overnight.show.report import report_json, report_of
from overnight.show.report_text import report_text, taking_text
from overnight.show.status import status_json, status_of, status_text
from overnight.show.trial_runs import numbers, remarks
from tests.nights import make_repo
from tests.show.story import PROGRAM, at, beginning, begun, story, trial, written

PIPE = Screen()


def repo(tmp_path: Path) -> Repo:
    """One that has none of the story's commits."""
    return Repo.discover(make_repo(tmp_path / "repo", {"a": "a"}))


def test_status(tmp_path: Path) -> None:
    folder = written(tmp_path, [*story(), Noted(id="n", text="a \x1b[2Jnote")])
    with Reader.open(folder) as reader:
        found = status_of(folder, reader, at(60))
    assert list(status_text(found, PIPE)) == [
        "mar5     interrupted: its coordinator was killed; the same command goes on",
        "best     loss 1.500000  #1, −25.00 % against the baseline's 2.000000",
        "done     1 crash · 1 discard · 1 keep · 4 runs in 29.0 s",
        "stop     ━━━━━━━━━━──────────────  4 of 10 experiments",
        "note     a  [2Jnote",
        "",
        "   #0  keep        2.000000              4.0 s  the untouched baseline",
        "   #1  keep        1.500000  −25.00 %    4.0 s  wider",
        "   #2  discard     1.800000  +20.00 %    4.0 s  wider still",
        "   #3  crash                             4.0 s  much wider  exit code 1: MemoryError: 99 is too wide",
        "   #4  running                                  faster",
    ]


def test_statuss_json_has_what_the_text_has(tmp_path: Path) -> None:
    folder = written(tmp_path, story())
    with Reader.open(folder) as reader:
        found = status_json(status_of(folder, reader, at(60)))
    assert found["state"] == "interrupted"
    assert found["counts"] == {"crash": 1, "discard": 1, "keep": 1}
    assert [rule["text"] for rule in found["stop_rules"]] == ["4 of 10 experiments"]
    assert [line["number"] for line in found["last"]] == [0, 1, 2, 3, 4]


def test_report(tmp_path: Path) -> None:
    folder = written(tmp_path, [*story()[:-3], Closed(session=1, why="10 of 10 experiments", finished=True)])
    with Reader.open(folder) as reader:
        found = report_of(reader, repo(tmp_path), held=False)
    text = [*report_text(found, PIPE), *taking_text(found, PIPE)]
    text[1] = re.sub(r"[\d-]{10} [\d:]{5}", "WHEN", text[1])
    assert text == [
        "Night mar5  finished: 10 of 10 experiments",
        "WHEN to WHEN",
        "",
        "Asked     minimize loss of `python train.py` in 4s a run, by editing train.py",
        "          proposed by ada, judged by the policy greedy, on 1 slot",
        "Measured  nothing around a run: it could read the user's files",
        "          each run printed its own number, and could have printed any",
        "Baseline  loss 2.000000",
        "          keep",
        "Branch    loss 1.500000  (−25.00 %, #1)",
        "          autoresearch/mar5 at 0000000, 1 keep",
        "          Keeps rest on one run each, and a mere change of seed moves a score as well: some of them",
        "          will be luck. Take the numbers as scores, not as proof.",
        "",
        "Kept",
        "  #1  1.500000  −25.00 %  wider",
        "",
        "Tried  1 crash · 1 discard · 1 keep",
        "  1 x  exit code 1: MemoryError",
        "",
        "Time      26.0 s for 4 runs; slots were busy 15% of it",
        "Look      git log -p bbbbbbb..autoresearch/mar5",
        "          overnight show 1",
        "Take it   overnight accept --tag mar5 --unproven   or: git merge autoresearch/mar5",
    ]


def test_a_report_without_a_keep_says_so_and_has_nothing_to_merge(tmp_path: Path) -> None:
    with Reader.open(written(tmp_path, [*beginning(), *begun(0, "the untouched baseline")])) as reader:
        found = report_of(reader, repo(tmp_path), held=False)
    text = "\n".join([*report_text(found, PIPE), *taking_text(found, PIPE)])
    assert "nothing was kept" in text
    assert "git merge" not in text


def test_reports_json_has_stable_keys(tmp_path: Path) -> None:
    with Reader.open(written(tmp_path, story())) as reader:
        found = report_json(report_of(reader, repo(tmp_path), held=False))
    assert found["asked"]["run"] == "python train.py"
    assert [keep["number"] for keep in found["keeps"]] == [1]
    assert found["failures"] == [
        {
            "why": "exit code 1: MemoryError",
            "count": 1,
            "last_experiment": 3,
            "last_line": "exit code 1: MemoryError: 99 is too wide",
        }
    ]
    assert found["fewest_runs_per_keep"] == 1


def test_one_experiment(tmp_path: Path) -> None:
    with Reader.open(written(tmp_path, story())) as reader:
        detail, summary = views.detail(reader, 3), views.summary(reader, held=False)
    assert detail is not None
    text = list(experiment_text(detail, summary, "--- a/x\n+++ b/x\n-a\n+b\x1b[2J\n", tmp_path, PIPE))
    text[3] = re.sub(r"[\d-]{10} [\d:]{5}", "WHEN", text[3])
    assert text == [
        "#3 crash",
        "verdict   exit code 1: MemoryError: 99 is too wide",
        "says      much wider",
        "by        ada, WHEN",
        "commit    000000000000",
        "",
        "run     split    seed  status  loss   took    cpu   memory",
        "screen  visible     7  crash         4.0 s  3.0 s  2048 MB  exit code 1: MemoryError: 99 is too wide",
        "",
        "--- a/x",
        "+++ b/x",
        "-a",
        "+b [2J",
        "",
        "the last lines it printed (the whole log is gone)",
        "last line",
    ]


RULES = (Rule("run", "python train.py", Origin.FRONT_MATTER, 3), Rule("slots", "1", Origin.DEFAULT))
SAID = (
    Sentence(9, "Be bold.", "advice to the agent"),
    Sentence(12, "Never use it.", "not understood: `it` is no file"),
)


def read_back() -> ReadBack:
    knobs = find_knobs("WIDTH = 4  # 1..64\n", "train.py")
    return ReadBack(replace(PROGRAM, rules=RULES, advice=SAID), knobs, ["train.py"])


def test_the_read_back() -> None:
    assert list(readback_text(read_back(), PIPE)) == [
        "Enforced",
        "  run    python train.py  program.md:3",
        "  slots  1                default",
        "",
        "Knobs that the search can turn: 1",
        "  WIDTH  4  1 .. 64, doubling  train.py:1, the comment says so",
        "  To leave one alone write `# fixed` behind it.",
        "",
        "Advice to the agent, not enforced",
        "  program.md:9  Be bold.",
        "",
        "Reads like a rule, and is NOT enforced",
        "  program.md:12  Never use it.",
        "                 (`it` is no file)",
        "  Say it as a key of the front matter, or take it as advice to the agent.",
        "",
        "Uncommitted edits: a run would refuse to start",
        "  train.py",
    ]


def test_the_read_back_of_a_narrow_screen_is_whole() -> None:
    long = Rule("guards", "memory_gb <= 40 and also seconds <= 100", Origin.PROSE, 7, "both are said there")
    sentence = Sentence(9, "Be bold, and never be afraid of a large step.", "advice to the agent")
    back = replace(read_back(), program=replace(PROGRAM, rules=(*RULES, long), advice=(sentence,)))
    assert list(readback_text(back, Screen(40)))[:12] == [
        "Enforced",
        "  run     python train.py  program.md:3",
        "  slots   1                default",
        "  guards  memory_gb <= 40 and also",
        "          seconds <= 100",
        "          program.md:7: both are said",
        "          there",
        "",
        "Knobs that the search can turn: 1",
        "  WIDTH  4  1 .. 64, doubling  train.py:1,",
        "                               the",
        "                               comment",
    ]
    assert list(readback_text(back, Screen(40)))[-5:-2] == [
        "  program.md:9  Be bold, and never be",
        "                afraid of a large step.",
        "",
    ]


def test_a_search_without_knobs_is_warned_of_and_told_how_to_mark_some() -> None:
    text = "\n".join(readback_text(replace(read_back(), knobs=[]), Screen(80)))
    assert "\nNo knobs\n" in text
    assert "RATE = 0.02  # 0.001..0.1, log" in text.replace("\n", " ")


def test_a_night_without_a_stop_rule_is_said_to_have_none() -> None:
    endless = replace(read_back(), program=replace(PROGRAM, rules=RULES, stop=Stop()))
    assert "  stop   none: works until Ctrl-C  default" in list(readback_text(endless, PIPE))


def test_the_read_backs_json() -> None:
    found = readback_json(read_back())
    assert found["enforced"][0] == {
        "key": "run",
        "value": "python train.py",
        "origin": "front matter",
        "line": 3,
        "why": "",
    }
    assert [s["line"] for s in found["not_understood"]] == [12]


def test_stop_rules_are_listed_with_the_nearest_first() -> None:
    progress = Progress(experiments=5, elapsed=60.0, spent=Spending(), since_keep=1, best=None)
    stop = Stop(experiments=10, seconds=80.0, until="00:00")
    found = rules(stop, Goal.MINIMIZE, progress, Hours(at(0), at(60).utc))
    assert [rule.text for rule in found][:2] == ["1m 0s of 1m20s", "5 of 10 experiments"]
    assert found[2].text.startswith("until ")


def test_what_first_runs_show() -> None:
    runs = [trial(1, 1.0), trial(2, 2.0)]
    assert list(numbers(runs, PIPE)) == ["it printed     first    second", "loss        1.000000  2.000000"]
    assert list(remarks(runs, "loss", PIPE)) == [
        "Time: 4.0 s a run, about 7,000 experiments in eight hours on one slot.",
        "Metric: loss does not repeat: two seeds are 50.00% apart.",
        "A gain smaller than that cannot be seen in one run.",
    ]
    assert "was not printed" in list(remarks(runs, "other", PIPE))[1]
