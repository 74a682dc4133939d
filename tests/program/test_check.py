"""What cannot be meant about scoring, and what it says instead of going on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from overnight.errors import ProgramError
from overnight.program.program import Program
from overnight.program.read import read
from tests.program.repo_facts import facts

FILES = (
    "train.py",
    "score.py",
    "sub/train.py",
    "sub/score.py",
    *(f"labels/{s}" for s in ("visible", "hidden", "sealed")),
)
FRONT = "edit: train.py\nrun: python train.py\nmetric: loss\n"
SEALED = FRONT + "score: python score.py\nartefact: model.npz\n"


def program(front: str, folder: str = "", present: tuple[str, ...] = ()) -> Program:
    return read(Path("program.md"), f"---\n{front}---\n", folder, facts(dict.fromkeys(FILES, ""), present))


def test_a_sealed_program_is_read() -> None:
    found = program(SEALED + "answer: python train.py --answer\nhidden: labels/{split}\ntiming: 5\n")
    assert (found.score, found.answer) == ("python score.py", "python train.py --answer")
    assert (found.artefact, found.hidden, found.timing) == (("model.npz",), ("labels/{split}",), 5)


def test_paths_are_relative_to_program_md_and_artefacts_to_where_the_run_starts() -> None:
    found = program(SEALED + "hidden: ['../labels/{split}', ~/sets/x, /data/y]\n", "sub", ("~/sets/x", "/data/y"))
    assert (found.hidden, found.artefact) == (("labels/{split}", "~/sets/x", "/data/y"), ("model.npz",))


def test_data_beside_the_tracked_files_may_be_hidden() -> None:
    present = ("data/visible", "data/hidden", "data/sealed")
    assert program(SEALED + "hidden: data/{split}\n", present=present).hidden == ("data/{split}",)


@pytest.mark.parametrize(
    ("front", "line", "says"),
    [
        (FRONT + "artefact: model.npz\n", 5, "no `score:` command scores it; add one"),
        (FRONT + "answer: python train.py --answer\n", 5, "no `score:` command asks it"),
        (FRONT + "hidden: labels/hidden\n", 5, "no `score:` command reads it"),
        (FRONT + "score: python score.py\n", 5, "there is nothing to score; name what a run leaves"),
        (SEALED.replace("score.py", "train.py"), 5, "train.py may be edited, and must not make its own number"),
        (SEALED.replace("python score.py", "env X=1 python ./train.py -v"), 5, "train.py may be edited"),
        (SEALED.replace("score.py", "scores.py"), 5, "did you mean 'score.py'?"),
        (SEALED + "hidden: label/{split}\n", 7, "'label/visible' is not there: 'label/{split}' needs a file or folder"),
        (
            SEALED.replace("edit: train.py", "edit: [train.py, labels/hidden]") + "hidden: labels\n",
            7,
            "may also be edited",
        ),
        (SEALED + "hidden: ../x\n", 7, "is outside the repository"),
        (SEALED + "artefact: ../model.npz\n", None, ""),
        (SEALED + "timing: 0\n", 7, ""),
    ],
)
def test_a_mistake_is_named_with_its_line(front: str, line: int | None, says: str) -> None:
    with pytest.raises(ProgramError) as refused:
        program(front)
    assert says in str(refused.value)
    assert line is None or f"program.md:{line}:" in str(refused.value)


@pytest.mark.parametrize(
    "more", ["guards: memory < 5\n", "timing: 5\n", "score: python score.py\nartefact: model.npz\n"]
)
def test_what_nobody_would_see_to_is_refused_where_people_report_the_numbers(more: str) -> None:
    front = FRONT.replace("python train.py", "elsewhere")
    assert program(front).external
    with pytest.raises(ProgramError, match=r"nothing is measured here \(run: elsewhere\)"):
        program(front + more)


@pytest.mark.parametrize("text", ["{tpu: 1, 'accelerator_type:A100': 0.5}", "['tpu: 1', 'accelerator_type:A100: 0.5']"])
def test_what_a_cluster_has_a_name_of_its_own_for_can_be_asked_for(text: str) -> None:
    found = program(f"{FRONT}on: ray\nresources: {text}\n")
    assert found.resources == (("tpu", 1.0), ("accelerator_type:A100", 0.5))
    assert [rule.value for rule in found.rules if rule.key == "resources"] == ["tpu: 1", "accelerator_type:A100: 0.5"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{GPU: 1}", ":5: resources: GPU is no resource of one's own; write it as gpus:"),
        ("{object_store_memory: 1}", "write it as memory:"),
        ("tpu", "'tpu' is no resource; write its name and how much of it, as in tpu: 1"),
        ("{tpu: many}", "'many' is no number"),
        ("{tpu: 0}", "delete it for none"),
        ("{tpu: -1}", "delete it for none"),
        ("{'a b': 1}", "is no resource"),
        ("['tpu: 1', 'tpu: 2']", "tpu is there twice"),
    ],
)
def test_what_is_no_resource_is_refused(text: str, words: str) -> None:
    with pytest.raises(ProgramError, match=re.escape(words)):
        program(f"{FRONT}resources: {text}\non: ray\n")


def test_resources_are_refused_where_there_is_no_cluster() -> None:
    with pytest.raises(ProgramError, match="resources: tpu: only a cluster has such; say where there is one"):
        program(f"{FRONT}resources: {{tpu: 1}}\n")


def test_what_a_run_goes_on_from_is_relative_to_where_it_starts() -> None:
    assert program(SEALED + "resume: ./out/ck/\n", "sub").resume == "out/ck"
    assert program(FRONT).resume == ""


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("resume: train.py", "resume: train.py is a file of the baseline commit"),
        ("resume: labels", "labels/hidden is a file of the baseline commit"),
        ("resume: .", "is a file of the baseline commit"),
        ("resume: 'ck*'", "'ck*' is not one file or folder"),
        ("resume: ../ck", "outside the repository"),
        ("resume: /tmp/ck", "outside the repository"),
        ("resume: ck\nexclusive: on", "(`exclusive:`) cannot go on elsewhere"),
        ("resume: ck\ntiming: 3", "(`timing:`) cannot go on elsewhere"),
    ],
)
def test_what_no_run_can_go_on_from_is_refused(more: str, words: str) -> None:
    with pytest.raises(ProgramError, match=re.escape(words)):
        program(f"{SEALED}{more}\n")


def test_an_interpreter_of_the_nodes_need_not_be_here() -> None:
    assert program(FRONT + "python: /opt/venv\non: ray\n").python == "/opt/venv"
    for front in ("python: /opt/venv\n", "python: venv\non: ray\n"):
        with pytest.raises(ProgramError, match="python: there is no"):
            program(FRONT + front)
