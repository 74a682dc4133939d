"""Makes the number of a run, apart from it: `score:` in program.md. An experiment may not edit it.

It alone has what is scored. The model of the run sits in another process, is sent rows of tokens, and answers with
logits; what they cost is found out here, and that they do not know what follows. A loss that the candidate computes is
never asked for.
"""

import os

import prepare  # before numpy: it holds it to one thread

# isort: split
import numpy as np

from overnight import sealed

SECONDS = 300  # for the answers of one process; `answer_seconds` in program.md is the limit that decides
BATCH = 8  # rows in one question
TOLERANCE = 0.005  # bits: what follows a place may not move its answer by more; rounding of float32 is far below


def start():
    return sealed.Candidate(seconds=SECONDS)


with np.load(prepare.DATA / f"{os.environ['OVERNIGHT_SPLIT']}.npz", allow_pickle=False) as data:
    rows, token_bytes = data["tokens"], data["token_bytes"]
costs = sealed.text_bits(rows, len(token_bytes), BATCH, TOLERANCE, start)
sealed.report(val_bpb=prepare.bits_per_byte(costs, rows, token_bytes))
