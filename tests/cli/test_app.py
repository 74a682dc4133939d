from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from overnight.cli.app import COMMANDS
from tests.cli.conftest import typed

HEAVY = ("numpy", "sqlite3", "yaml", "msgspec", "psutil", "markdown_it")


def program(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "overnight", *words], capture_output=True, text=True, check=False, **options
    )


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_costs_what_click_costs(words: list[str]) -> None:
    code = f"import sys; sys.argv[1:] = {words}; from overnight.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    code += "print([name for name in sys.modules if name.startswith('overnight.') or '.' not in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert not [name for name in HEAVY if f"'{name}'" in loaded]
    assert set(re.findall(r"'(overnight\.[\w.]+)'", loaded)) == {
        "overnight.cli",
        "overnight.cli.app",
        "overnight.errors",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_page_with_an_example(name: str, tmp_path: Path) -> None:
    page = typed(tmp_path, name, "--help").output
    assert f"\n      overnight {name}" in page


@pytest.mark.smoke
@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_their_pages_say(name: str) -> None:
    module, sentence = COMMANDS[name]
    command = getattr(importlib.import_module(f"overnight.cli.{module}"), name)
    assert isinstance(command, click.Command)
    assert (command.help or "").splitlines()[0] == sentence


def test_the_list_of_commands_has_them_all(tmp_path: Path) -> None:
    listed = typed(tmp_path, "--help").output
    assert all(f"\n  {name} " in listed for name in COMMANDS)


def test_a_misspelt_command_names_the_nearest(tmp_path: Path) -> None:
    done = typed(tmp_path, "stauts")
    assert "did you mean 'status'?" in done.output
    assert done.exit_code == 2


@pytest.mark.smoke
def test_a_mistake_is_one_sentence_without_a_traceback(tmp_path: Path) -> None:
    done = program("status", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("overnight: ")
    assert "Traceback" not in done.stderr


def test_nobody_reading_any_more_is_silent(night: Path) -> None:
    line = f"{sys.executable} -m overnight log --json | head -n 1"
    done = subprocess.run(["sh", "-c", line], cwd=night, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_a_terminal_that_lacks_a_character_gets_another(night: Path) -> None:
    done = program("log", cwd=night, env={"PYTHONIOENCODING": "latin-1", "PATH": "/usr/bin:/bin"}, errors="replace")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
