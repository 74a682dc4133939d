"""The error tree. Every message says what happened, where, and what to do next.

    OvernightError                      exit 1: could not go on
    ├── UsageError                      exit 2: the person can mend it, and nothing was created
    │   ├── ProgramError                program.md says something that cannot be meant (file and line)
    │   └── RepoError                   the repository is not in a state to start from
    ├── Busy                            exit 3: another night holds this tag
    ├── LedgerError                     the record cannot be read or written
    └── GitError                        git refused
        └── RefMoved                    somebody else moved a ref that only this night moves

What an *experiment* does wrong is never an exception: it is a Trial with a status.
"""

from __future__ import annotations

from pathlib import Path


class OvernightError(Exception):
    """What is raised on purpose; the command line prints it without a traceback."""

    exit_code = 1


class UsageError(OvernightError):
    exit_code = 2


class ProgramError(UsageError):
    def __init__(self, message: str, path: Path | str = "program.md", line: int | None = None) -> None:
        self.message, self.path, self.line = message, Path(path), line
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")


class RepoError(UsageError):
    pass


class Busy(OvernightError):
    exit_code = 3


class LedgerError(OvernightError):
    pass


class GitError(OvernightError):
    pass


class RefMoved(GitError):
    pass
