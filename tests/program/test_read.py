from __future__ import annotations

from pathlib import Path

import pytest

from overnight.errors import ProgramError
from overnight.model import Goal
from overnight.program.program import Box, Guard, Origin, Program, Stop, Window
from overnight.program.read import load, read
from tests.program.repo_facts import facts

FILES = {"program.md": "", "train.py": "SEED = 1\n", "data.py": "", "src/a.py": "", "src/b.py": ""}
MINIMAL = "edit: train.py\nrun: python train.py\nmetric: loss\n"


def program(front: str, prose: str = "", flags: dict[str, str] | None = None, present: tuple[str, ...] = ()) -> Program:
    return read(Path("program.md"), f"---\n{front}---\n{prose}", "", facts(FILES, present), flags)


def refusal(text: str) -> str:
    with pytest.raises(ProgramError) as refused:
        read(Path("program.md"), text, "", facts(FILES, present=["notes.py"], ignored=False))
    return str(refused.value)


def test_every_key_is_read_with_its_type() -> None:
    front = """
        edit: [train.py, "src/*.py"]
        run: python train.py --fast
        metric: acc
        goal: maximize
        time_box: 8s cpu
        kill_after: 1m
        protect: data.py
        guards: ["peak_vram_mb < 48 GB"]
        stop: {experiments: 1k, hours: 8, until: 7am, cost: $5, tokens: 2M, plateau: 40, target: 0.95}
        between: 22:00-07:00
        seed: 7 as-is
        slots: 2
        python: self
        pass_env: HF_TOKEN, WANDB_MODE
        share: [~/.cache/x, /data]
        save: "*.pt"
        curve: 'loss ([0-9.]+)'
        disk: 1 GB
        output: 10 MB
        agent: my.module:Agent
        policy: greedy
    """.replace("\n        ", "\n").strip(" ")[1:]
    got = program(front)
    assert (got.edit, got.protect, got.run) == (
        ("train.py", "src/a.py", "src/b.py"),
        ("data.py",),
        "python train.py --fast",
    )
    assert (got.metric, got.goal, got.box, got.kill_after_seconds) == ("acc", Goal.MAXIMIZE, Box(8, cpu=True), 60)
    assert got.guards == (Guard("peak_vram_mb", "<", 49152),)
    assert got.stop == Stop(1000, 28800, "07:00", 5.0, 2_000_000, 40, 0.95)
    assert (got.between, got.seed, got.seed_literals, got.slots) == (Window(1320, 420), 7, False, 2)
    assert (got.python, got.pass_env, got.share) == ("self", ("HF_TOKEN", "WANDB_MODE"), ("~/.cache/x", "/data"))
    assert (got.save, got.curve, got.disk_mb, got.output_mb) == (("*.pt",), "loss ([0-9.]+)", 1024, 10)
    assert (got.agent, got.policy) == (("my.module:Agent",), "greedy")


def test_what_is_not_said_has_a_default() -> None:
    got = program(MINIMAL)
    assert (got.goal, got.box, got.kill_after_seconds, got.slots) == (Goal.MINIMIZE, Box(300), 600, 1)
    assert (got.stop, got.seed, got.seed_literals) == (Stop(), None, True)


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("claude args='a, b', c", ["claude args='a, b', c"]),
        ("[search, \"claude args='a, b'\"]", ["search", "claude args='a, b'"]),
        ("\n  - search\n  - command ./a.sh one, two", ["search", "command ./a.sh one, two"]),
        ("|\n  search\n\n  claude model=x\n", ["search", "claude model=x"]),
    ],
)
def test_an_agent_is_a_line_whatever_commas_it_has(said: str, lines: list[str]) -> None:
    assert list(program(f"{MINIMAL}agent: {said}\n").agent) == lines


def test_several_agents_on_the_command_line_are_a_line_each() -> None:
    flags = {"agent": "claude args='a, b'\nsearch"}
    assert program(MINIMAL, flags=flags).agent == ("claude args='a, b'", "search")


def test_lists_may_be_written_in_three_ways() -> None:
    ways = ["edit: train.py, data.py", "edit: [train.py, data.py]", "edit:\n  - train.py\n  - data.py"]
    edits = [program(f"{way}\nrun: x\nmetric: loss\n").edit for way in ways]
    assert edits == [("train.py", "data.py")] * 3


def test_an_empty_list_can_be_said() -> None:
    got = program(MINIMAL + "protect: none\nguards: []\nsave: none\n")
    assert (got.protect, got.guards, got.save) == ((), (), ())


def test_guards_may_be_a_mapping() -> None:
    assert program(MINIMAL + "guards: {peak_mb: < 48 GB, acc: '>= 0.9'}\n").guards == (
        Guard("peak_mb", "<", 49152),
        Guard("acc", ">=", 0.9),
    )


def test_the_read_back_has_a_rule_with_its_line_for_every_setting() -> None:
    rules = {rule.key: rule for rule in program(MINIMAL + "stop:\n  hours: 8\n").rules if rule.key != "seed"}
    assert (rules["metric"].value, rules["metric"].line, rules["metric"].origin) == ("loss", 4, Origin.FRONT_MATTER)
    assert (rules["stop.hours"].value, rules["stop.hours"].line) == ("8h", 6)
    assert (rules["kill_after"].value, rules["kill_after"].origin) == ("10m", Origin.DEFAULT)


def test_the_read_back_shows_hard_coded_seeds() -> None:
    seeds = [rule.value for rule in program(MINIMAL).rules if rule.key == "seed"]
    assert seeds == ["drawn", "each run's own, instead of SEED = 1"]


def test_seeds_left_as_they_are_are_not_shown_as_replaced() -> None:
    assert [rule.value for rule in program(MINIMAL + "seed: as-is\n").rules if rule.key == "seed"] == ["as-is"]


def test_a_flag_overrides_the_file() -> None:
    got = program(MINIMAL + "slots: 2\nstop: {experiments: 5}\n", flags={"experiments": "9", "time_box": "10s"})
    assert (got.stop.experiments, got.slots, got.box) == (9, 2, Box(10))
    assert next(rule.origin for rule in got.rules if rule.key == "stop.experiments") is Origin.FLAG


@pytest.mark.parametrize(("flag", "text"), [("slots", "0"), ("time_box", "soon"), ("slotz", "1")])
def test_a_bad_flag_is_named_as_a_flag(flag: str, text: str) -> None:
    with pytest.raises(ProgramError, match=f"--{flag.replace('_', '-')}"):
        program(MINIMAL, flags={flag: text})


def test_paths_are_relative_to_the_folder_of_program_md() -> None:
    text = "---\nedit: train.py\nrun: python train.py\nmetric: loss\nshare: data\n---\n"
    got = read(Path("program.md"), text, "lab", facts({"lab/train.py": "", "lab/program.md": ""}))
    assert (got.edit, got.share, got.folder) == (("lab/train.py",), ("lab/data",), "lab")


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    text = "\ufeff---\r\nedit: train.py\r\nrun: x\r\nmetric: loss\r\n---\r\n- Do not modify `data.py`.\r\n"
    got = read(Path("program.md"), text, "", facts(FILES))
    assert (got.text, got.protect) == (text, ("data.py",))
    assert next(rule.line for rule in got.rules if rule.key == "protect") == 6


@pytest.mark.parametrize(
    ("front", "line", "says"),
    [
        ("tim_box: 5m", 2, "unknown key 'tim_box'; did you mean 'time_box'?"),
        ("stop: {experimnts: 5}", 2, "did you mean 'stop.experiments'?"),
        ("xyzzy: 5", 2, "the keys are edit"),
        ("slots: 1\nslots: 2", 3, "'slots' is already on line 2"),
        ("slots: [1, 2]", 2, "wants one value"),
        ("slots: {a: 1}", 2, "unknown key 'slots.a'"),
        ("edit: {a: b}", 2, "unknown key 'edit.a'"),
        ("slots: 0", 2, "above zero"),
        ("slots: two", 2, "no count"),
        ("slots:", 2, "no count"),
        ("run:", 2, "has no value"),
        ("stop: 5", 2, "unknown key 'stop'"),
        ("stop: {experiments: 0}", 2, "above zero"),
        ("goal: minimise it", 2, "neither minimize nor maximize"),
        ("time_box: 5 parsecs", 2, "no duration"),
        ("between: always", 2, "22:00-07:00"),
        ("seed: lucky", 2, "no seed"),
        ("curve: '('", 2, "no regular expression"),
        ("curve: loss", 2, "no group"),
        ("metric: two words", 2, "no name"),
        ("edit: ../x.py", 2, "outside the repository"),
        ("edit: /etc/passwd", 2, "outside the repository"),
        ("\tslots: 1", 2, "no YAML"),
        ("slots: 1\n  run: x", 3, "no YAML"),
        ("guards: {acc: > 0.9}", 2, "quotes"),
        ("run: @x", 2, "quotes"),
        ("run: &a x", 2, "anchors"),
        ("run: !!python/name:os.system x", 2, "tags"),
        ("run: [[[[[[x]]]]]]", 2, "nested too deeply"),
        ("- run", 2, "key: value"),
        ("? [a]\n: b", 2, "a key must be one word"),
        ('run: "\\UFFFFFFFF"', 1, "no YAML"),
        ("a: \x01", 1, "no YAML"),
        (MINIMAL.replace("train.py\nrun", "trian.py\nrun"), 2, "did you mean 'train.py'?"),
        (MINIMAL.replace("train.py\nrun", "notes.py\nrun"), 2, "is not committed"),
        (MINIMAL.replace("python train.py", "python trian.py"), 3, "did you mean 'train.py'?"),
        (MINIMAL.replace("train.py\nrun", "'lib/*.py'\nrun"), 2, "matches no file"),
        (MINIMAL.replace("train.py\nrun", "program.md\nrun"), 2, "itself must not change"),
        (MINIMAL.replace("train.py\nrun", "'*'\nrun"), 2, "itself must not change"),
        (MINIMAL + "protect: '*.py'", 2, "also protected on line 5"),
        (MINIMAL + "protect: nothing.py", 5, "there is no file"),
        (MINIMAL + "guards: loss < 3", 5, "is the metric itself"),
        (MINIMAL + "guards: [a < 3, a < 4]", 5, "line 5 says a < 3 and line 5 says a < 4"),
        (MINIMAL + "time_box: 5m\nkill_after: 1m", 6, "shorter than the time box"),
        (MINIMAL + "python: ovn", 5, "there is no 'ovn'"),
        ("edit: train.py\nmetric: loss", 1, "run is missing"),
        ("edit: train.py\nrun: x", 1, "metric is missing"),
        ("run: x\nmetric: loss", 1, "edit is missing"),
        ("edit: none\nrun: x\nmetric: loss", 1, "edit is missing"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_do(front: str, line: int, says: str) -> None:
    message = refusal(f"---\n{front}\n---\n")
    assert message.startswith(f"program.md:{line}: ")
    assert says in message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("---\nedit: train.py\n", "never closed"),
        ("---\n" + "#" * 20_000 + "\n---\n", "front matter is larger"),
        ("x" * 200_000, "file is larger"),
        ("", "edit is missing"),
    ],
)
def test_a_file_that_cannot_be_a_program_is_refused(text: str, says: str) -> None:
    assert says in refusal(text)


def test_a_billion_laughs_are_refused_before_they_are_told() -> None:
    laughs = "a: &a [x]\n" + "".join(f"{c}: &{c} [{f'*{chr(ord(c) - 1)},' * 9}]\n" for c in "bcdefgh")
    assert "anchors" in refusal(f"---\n{laughs}---\n")


def test_yaml_guesses_nothing() -> None:
    got = program("edit: train.py\nrun: on\nmetric: no\nstop: {until: 22:00}\n")
    assert (got.run, got.metric, got.stop.until) == ("on", "no", "22:00")


def test_a_python_must_exist_where_it_is_a_path() -> None:
    assert program(MINIMAL + "python: .venv\n", present=(".venv",)).python == ".venv"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"cannot be read: No such file .* init"):
        load(tmp_path / "program.md")


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "program.md").write_bytes("# ok\n# Käse\n".encode("latin-1"))
    with pytest.raises(ProgramError, match=r"program.md:2: .*UTF-8"):
        load(tmp_path / "program.md")
