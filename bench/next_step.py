"""Does the loop's next step cost more as the night grows? One experiment through the state machine, after 100,
10,000 and 100,000 others: fold its six events, decide after each. `python -m bench.next_step`"""

from __future__ import annotations

import statistics
import time


def main() -> None:
    from overnight.model import Slot
    from overnight.program.program import Stop
    from tests.night.rehearsal import program
    from tests.night.test_night import Stage

    stage = Stage(program(stop=Stop(experiments=10**9))).after_baseline()
    stage.world.commits = _Commits(stage.world.commits)
    seconds: list[float] = []
    marks = {100, 10_000, 100_000}
    for number in range(1, max(marks) + 1):
        start = time.perf_counter()
        stage.next([Slot("0")])
        stage.propose(number, str(number))
        stage.run(11.0)
        seconds.append(time.perf_counter() - start)
        stage.world.entries.clear()  # the ledger's part is in bench/ledger_growth.py
        stage.night.state.finished.clear()
        stage.night.state.seq = 0
        if number in marks:
            print(f"after {number:>7,} experiments: {statistics.median(seconds[-100:]) * 1e6:6.0f} us a step")


class _Commits(dict):  # type: ignore[type-arg]
    """Forgets: the rehearsal's git is not what is measured."""

    def __setitem__(self, key: str, value: object) -> None:
        if len(self) > 10:
            self.pop(next(k for k in self if k != "c0"))
        super().__setitem__(key, value)


if __name__ == "__main__":
    main()
