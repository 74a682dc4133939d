"""Makes the number of a run, apart from it: `score:` in program.md. An experiment may not edit it.

It alone has `text/`. The model of the run sits in another process and is asked what comes after each context; what does
come it is never told. What it answers is normalised here, so that a model cannot say more than 100 %.
"""

import os

import prepare  # before numpy: it holds it to one thread

# isort: split
from overnight import sealed

SECONDS = 10  # for all answers; at the start they take 0.2

contexts, following = prepare.windows(prepare.scored_text(os.environ["OVERNIGHT_SPLIT"]).read_bytes())
model = sealed.Candidate(seconds=SECONDS)
sealed.report(val_bpb=sealed.row_bits(model.ask, contexts, following, classes=256, batch=256))
