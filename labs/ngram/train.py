"""A byte-level n-gram model, mixed the way data compressors do it. This is the file to improve.

A byte is guessed bit by bit. For each order k (the last k bytes) a table counts how often a bit was 0 and 1 after
this context; each order's log odds are its evidence; the evidence of all orders is summed with learned weights.
"""

import prepare  # before numpy: it holds it to one thread

# isort: split
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# The knobs. A plain start, not a good one.
MIN_ORDER = 0  # 0..3; the shortest context, in bytes
MAX_ORDER = 3  # 1..9; the longest
TABLE_BITS = 17  # 14..24; each order's table has 2**this rows for each bit value
PRIOR = 1.0  # 0.01..2, log; what a count starts from: small trusts the first sight of a context
MIX = "one"  # one | bit | seen; a weight per order, also per bit of the byte, or per number of orders with counts
INITIAL_WEIGHT = 0.25  # 0.05..1, log
LEARNING_RATE = 0.02  # 0.001..1, log; of the weights
FINAL_RATE = 1.0  # 0.01..1, log; what is left of it at the end
BLOCK = 8192  # 512..65536, log; bytes learned in one step
PIECE = 65536  # 256..65536, log; the text is cut in pieces of this many bytes and shuffled

ORDERS = MAX_ORDER - MIN_ORDER + 1
WEIGHTS = {"one": 1, "bit": 8, "seen": ORDERS + 1}[MIX]  # per order
counts = np.zeros((2, ORDERS << TABLE_BITS), np.float32)
weights = np.full((ORDERS, WEIGHTS), INITIAL_WEIGHT, np.float32)


def rows(contexts):
    """The table row of each order for each context: a hash of its last bytes."""
    hashed, of_order = np.zeros(len(contexts), np.uint32), []
    for order in range(MAX_ORDER + 1):
        if order:
            hashed = (hashed + contexts[:, -order] + np.uint32(1)) * np.uint32(0x9E3779B1)
            hashed ^= hashed >> np.uint32(15)
        of_order.append(hashed * np.uint32(0x85EBCA6B) >> np.uint32(32 - TABLE_BITS))
    return np.stack(of_order[MIN_ORDER:]) + (np.arange(ORDERS, dtype=np.uint32) << TABLE_BITS)[:, None]


def mix(slots, bit):
    """Evidence of each order, the weight that each used, and the chance that the bit is a 1."""
    zeros, ones = counts[0].take(slots), counts[1].take(slots)
    evidence = np.log(ones + np.float32(PRIOR)) - np.log(zeros + np.float32(PRIOR))
    used = (zeros + ones > 0).sum(axis=0) if MIX == "seen" else bit * (MIX == "bit")
    used = np.broadcast_to(used, slots.shape[1:])
    log_odds = (weights.take(used, axis=1) * evidence).sum(axis=0)
    return evidence, used, 1 / (1 + np.exp(-log_odds.clip(-10, 10)))


def learn(contexts, byte, rate):
    """One step: guess the 8 bits of each byte, correct the weights, count the bits. Returns bits per byte."""
    bit = np.arange(8, dtype=np.uint32)[:, None]
    known = (byte | np.uint32(256)) >> 8 - bit  # a 1 and the bits before this one: the node of a binary tree
    value = byte >> 7 - bit & 1
    slots = (rows(contexts)[:, None] ^ known).astype(np.intp)  # flips low bits only: a row's nodes are neighbours
    evidence, used, chance = mix(slots, bit)
    error, used = value - chance, used.ravel()
    uses = np.bincount(used, minlength=WEIGHTS) + 1
    for weight, said in zip(weights, evidence):
        weight += rate * np.bincount(used, (said * error).ravel(), WEIGHTS) / uses
    for seen in (0, 1):
        np.add.at(counts[seen], slots[:, value == seen].ravel(), np.float32(1))
    return -np.log2(1 - np.abs(error)).sum() / len(byte)


def predict(contexts):
    """The chances of all 256 bytes: down the binary tree, each node sharing out what it has."""
    nodes = np.arange(1, 256, dtype=np.uint32)
    slots = (rows(contexts)[:, :, None] ^ nodes).astype(np.intp)
    one = mix(slots, np.log2(nodes).astype(np.intp))[2]
    chances = np.ones((len(contexts), 1), np.float32)
    for bit in range(8):
        up = one[:, (1 << bit) - 1 : (2 << bit) - 1]
        chances = np.stack((chances * (1 - up), chances * up), axis=2).reshape(len(contexts), -1)
    return chances


def train(files):
    """Learns until the box is over. Returns the seconds and the steps that it took."""
    rng = np.random.default_rng(prepare.SEED)
    text = np.frombuffer(b"".join(files[i] for i in rng.permutation(len(files))), np.uint8)
    pieces = text[: len(text) // PIECE * PIECE].reshape(-1, PIECE)
    text = pieces[rng.permutation(len(pieces))].ravel()
    contexts, following = sliding_window_view(text[:-1], prepare.CONTEXT), text[prepare.CONTEXT :]

    started, step, shown, train_bpb = prepare.now(), 0, 0.0, 8.0
    while (seconds := prepare.now() - started) < prepare.BOX_SECONDS:
        first = step * BLOCK % (len(following) - BLOCK)
        part = slice(first, first + BLOCK)
        rate = LEARNING_RATE * FINAL_RATE ** (seconds / prepare.BOX_SECONDS)
        train_bpb += max(0.1, 1 / (step + 1)) * (learn(contexts[part], following[part], rate) - train_bpb)
        step += 1
        if seconds >= shown:
            print(f"step {step} | {seconds:.1f}s | train_bpb {train_bpb:.4f}", flush=True)
            shown += 0.25
    return seconds, step


if prepare.ANSWERING:  # after a run, in a process that has seen no text: the scorer asks, the model of the run answers
    model = prepare.model()
    counts, weights = model["counts"], model["weights"]
    prepare.answer(predict)
else:
    files = prepare.begin()
    seconds, steps = train(files)
    numbers = {"steps": steps, "seen_mb": steps * BLOCK / 1e6, "table_mb": counts.nbytes / 1e6}
    prepare.end(predict, seconds, {"counts": counts, "weights": weights}, **numbers)
