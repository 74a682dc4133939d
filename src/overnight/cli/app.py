"""The program `overnight`: its commands by name, and the one place where our errors become messages.

A command's module is imported when that command is used, so that `overnight --help` costs what click costs. That is
why the one-line descriptions are here; a test holds them against the commands' own help.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from difflib import get_close_matches
from functools import partial
from typing import Any

import click

from overnight.errors import OvernightError

SECTIONS = {
    "Begin": {
        "demo": ("begin", "Runs a night on a bundled task: no key, no GPU."),
        "init": ("init", "Writes a program.md for the repository you are in."),
        "check": ("check", "Reads program.md back: what is enforced, and what is only advice."),
        "run": ("begin", "Works through the night, or goes on where it was left."),
    },
    "Look": {
        "knobs": ("knobs", "Lists what the search can turn, from where to where, and why."),
        "status": ("look", "Shows how far a night is."),
        "log": ("look", "Lists the experiments, newest last."),
        "show": ("look", "Shows everything about one experiment."),
        "diff": ("look", "Shows what an experiment changed."),
        "report": ("look", "Says in the morning what was tried and what came of it."),
        "brief": ("brief", "Shows what the next proposer would be told."),
    },
    "Steer": {
        "say": ("steer", "Tells those who propose something, while the night works."),
        "idea": ("steer", "Gives the night an idea to try, or lists the ideas it has."),
        "pause": ("steer", "Starts nothing new until you say resume."),
        "resume": ("steer", "Lets a paused night go on."),
        "approve": ("steer", "Says whether a keep lands, where program.md says `approve: keeps`."),
    },
    "By hand": {
        "ask": ("doors", "Gives you a workspace to change something in."),
        "tell": ("doors", "Has what you changed measured, and says what came of it."),
        "skill": ("doors", "Teaches coding agents to drive a night."),
    },
    "Believe it": {
        "verify": ("prove", "Proves that a night is what its ledger says."),
        "claim": ("prove", "Measures a night's branch against its baseline."),
        "ablate": ("prove", "Asks what each keep of a night is worth now."),
        "audit": ("audit", "Says which gains of a finished night are real."),
    },
    "Take it": {
        "accept": ("take", "Takes what a night found, and signs it off by name."),
        "export": ("take", "Writes a night as files for other programs."),
    },
    "Keep in order": {
        "stop": ("order", "Ends the night that runs here."),
        "clean": ("order", "Removes what old nights left on the disk."),
        "doctor": ("doctor", "Looks whether this machine, or a cluster, is ready for a night."),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"overnight.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if (name := args[0]) not in COMMANDS and not name.startswith("-"):
            near = get_close_matches(name, COMMANDS, n=1)
            ctx.fail(f"there is no command {name!r}{f', did you mean {near[0]!r}?' if near else ''}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, sentence) for name, (_, sentence) in section.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OvernightError as error:
            click.echo(f"overnight: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-C", "folder", type=click.Path(exists=True, file_okay=False), help="Start in this folder, as git -C.")
@click.version_option(package_name="overnight", message="%(prog)s %(version)s")
@click.pass_context
def overnight(ctx: click.Context, folder: str | None) -> None:
    """The autonomous experiment loop.

    Give it a repository, one file that may change, one command that runs an experiment and one number to improve. It
    proposes changes, runs them, keeps what is better on a branch, and never touches your working tree.

    \b
        overnight demo            see it work, in some minutes
        overnight init            in your own repository, then edit program.md
        overnight run             and look at `overnight report` in the morning
    """
    if folder is not None:
        ctx.call_on_close(partial(os.chdir, os.getcwd()))
        os.chdir(folder)


def main() -> None:
    """A terminal that lacks a character gets a substitute, never a traceback. The cores are the runs': numpy, which is
    imported later, takes one."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    overnight(prog_name="overnight")
