"""Where a process may be ended: the steps whose order matters for resuming."""

from __future__ import annotations

from collections.abc import Callable

Step = Callable[[str], None]
"""Called with the name of each. The kill tests end the process at the n-th."""


def unwatched(step: str) -> None: ...
