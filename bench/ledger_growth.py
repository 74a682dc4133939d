"""What an append, a summary and the last 20 rows cost at 100, 10,000 and 100,000 experiments.

One growing ledger, six entries an experiment, one keep in twenty. Prints medians in milliseconds, and how many times
the cost at 100 experiments each is (where fewer than 20 keeps are found). Needs a gigabyte under the temporary folder
and three minutes.

    python -m bench.ledger_growth
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from overnight.clock import Now
from overnight.ledger.events import Admitted, Event, Judged, Opened, Proposed, Recorded, RunDone, RunStarted, Session
from overnight.ledger.ledger import Ledger
from overnight.ledger.verify import verify_chain
from overnight.ledger.views import agent_rows, rows, summary
from overnight.model import Call, Edit, Purpose, Run, Score, Split, Status, Trial, Usage, Verdict

NOW = Now(1_700_000_000.0, 0.0)
SIZES = (100, 10_000, 100_000)
REPEATS = 101


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Ledger.create_or_open(Path(folder), holder="bench") as ledger:
        ledger.append(NOW, 0.0, *beginning())
        first: dict[str, float] = {}
        number = 0
        for size in SIZES:
            while number < size:
                batch = range(number, min(number + 100, size))
                ledger.append(NOW, float(number), *(event for n in batch for event in experiment(n)))
                number = batch.stop
            costs = measure(ledger, number)
            number += REPEATS
            first = first or costs
            print(
                f"{size:>7} experiments",
                *(f"{k} {v:.3f} ms ({v / first[k]:.2f}x)" for k, v in costs.items()),
                sep=" · ",
            )
        start = perf_counter()
        problems = verify_chain(ledger)
        print(f"verify: {len(problems)} problems in {perf_counter() - start:.1f} s")


def measure(ledger: Ledger, number: int) -> dict[str, float]:
    """Median milliseconds of each. The appends write the experiments from `number` on."""
    made = (experiment(n) for n in range(number, number + REPEATS))
    appends = [timed(lambda: ledger.append(NOW, 0.0, *next(made))) for _ in range(REPEATS)]
    return {
        "append": median(appends),
        "summary": median(timed(lambda: summary(ledger, held=True)) for _ in range(REPEATS)),
        "20 rows": median(timed(lambda: list(rows(ledger, last=20))) for _ in range(REPEATS)),
        "20 keeps": median(timed(lambda: list(rows(ledger, last=20, calls={Call.KEEP}))) for _ in range(REPEATS)),
        "20 agent rows": median(timed(lambda: list(agent_rows(ledger, 20))) for _ in range(REPEATS)),
    }


def timed(do: Callable[[], object]) -> float:
    start = perf_counter()
    do()
    return 1000 * (perf_counter() - start)


def beginning() -> tuple[Event, ...]:
    said: dict[str, str] = {"branch": "autoresearch/bench", "baseline": "b" * 40, "metric": "loss", "goal": "minimize"}
    text = "# Goal\n" * 300
    opened = Opened(
        night="bench", node="n", program_text=text, settings={}, secret_hash="", environment={}, who="ada", **said
    )
    return opened, Session(number=1, host="h", pid=1, scratch="/", program_text=text, settings={})


def experiment(n: int) -> tuple[Event, ...]:
    commit, call = f"{n:040x}", Call.DISCARD if n % 20 else Call.KEEP
    run = Run(f"{n}-screen-0", n, commit, Purpose.SCREEN, Split.VISIBLE, n, 300.0, 600.0)
    score = 3.0 - n * 1e-5 + random.Random(n).random()
    trial = Trial(run.id, 1, Status.OK, {"loss": Score(score)}, Usage(300.0, 299.0, 900.0), 0, None, "", "line\n" * 40)
    return (
        Proposed(
            experiment=n, parent="b" * 40, edits=(Edit("train.py", 3, 1, "x = 1\n"),), origin="search", hypothesis="x"
        ),
        Admitted(experiment=n, commit=commit, fingerprint=commit, size=100, parent_size=100),
        RunStarted(run=run, attempt=1, slot="1"),
        RunDone(run=run, trial=trial),
        Judged(verdict=Verdict(n, call, "not better", score, 3.0), commit=commit, log_tip=commit, branch_tip=commit),
        Recorded(experiment=n, entry=commit, kept=None if n % 20 else commit),
    )


if __name__ == "__main__":
    main()
