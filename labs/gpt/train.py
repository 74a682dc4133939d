"""A small modern GPT, trained in a time box. This is the file to improve.

It reads straight down: the knobs, the model, the two optimisers, the batches, the loop. DEPTH is the one dial: width,
heads and the scale of the learning rates follow from it. What the machine has decides how it computes.
"""

import ctypes
import math
import os

import prepare  # before torch: it holds it to one thread

# isort: split
import numpy as np

try:
    import torch
except ModuleNotFoundError:
    raise SystemExit("this lab needs PyTorch: pip install 'overnight[gpt]'") from None
import torch.nn.functional as F
from torch import nn

# The knobs. An ordinary start, not a good one.
DEPTH = 4  # 2..8; layers: the one dial
ASPECT = 16  # 8..64, log; width for each layer, so that a deeper model is also a wider one
HEAD_DIM = 32  # 8 | 16 | 32 | 64; the width is a multiple of it
MLP_RATIO = 4  # 1..8; of the width
SEQUENCE = 128  # 32..512; places that attention looks back, in training and when asked
BATCH = 2048  # 256..16384; tokens a step
INIT = 1.0  # 0.1..3, log; of the matrices, 1 keeps the size of what goes through
MATRIX_RATE = 0.005  # 0.001..0.1, log; of Muon
MOMENTUM = 0.95  # 0.7..0.98; of Muon
ADAM_RATE = 0.003  # 0.0003..0.1, log; of AdamW, for embedding and head
WARMUP = 0.05  # 0..0.3; share of the box in which the rates rise
WARMDOWN = 0.2  # 0..1; share of the box in which they fall

# These matter little in eight seconds.
WEIGHT_DECAY = 0.1  # fixed; of the matrices
BETAS = 0.9, 0.95  # fixed; of AdamW

HEADS = max(1, round(DEPTH * ASPECT / HEAD_DIM))
WIDTH = HEADS * HEAD_DIM
ROWS = max(1, BATCH // SEQUENCE)

DEVICE = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
if os.environ.get("OVERNIGHT_CLOCK") == "cpu":  # a box of CPU time says nothing of what a GPU does
    DEVICE = "cpu"
if DEVICE == "cpu":
    torch.set_flush_denormal(True)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc keeps what is freed: else the pages of each activation are faulted in anew
        for option, size in ((-3, 1 << 30), (-1, 1 << 30), (-2, 1 << 26)):  # map beyond this, trim beyond, grow by
            libc.mallopt(option, size)
torch.manual_seed(prepare.SEED)


def norm(x):
    return F.rms_norm(x, (x.size(-1),))


def rotated(x, cos, sin):
    """Rotary positions: pairs of channels turn, the first pairs quickly and the last ones slowly."""
    left, right = x.chunk(2, -1)
    return torch.cat((left * cos + right * sin, right * cos - left * sin), -1)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        bound = INIT * (3 / WIDTH) ** 0.5
        self.qkv = nn.Parameter(torch.empty(3 * WIDTH, WIDTH).uniform_(-bound, bound))
        self.out = nn.Parameter(torch.zeros(WIDTH, WIDTH))  # zero: at the start a block changes nothing
        self.up = nn.Parameter(torch.empty(MLP_RATIO * WIDTH, WIDTH).uniform_(-bound, bound))
        self.down = nn.Parameter(torch.zeros(WIDTH, MLP_RATIO * WIDTH))

    def forward(self, x, cos, sin, near):
        rows, length, _ = x.shape
        qkv = F.linear(norm(x), self.qkv).view(rows, length, 3 * HEADS, HEAD_DIM).transpose(1, 2)
        q, k = rotated(norm(qkv[:, : 2 * HEADS]), cos, sin).chunk(2, 1)
        seen = F.scaled_dot_product_attention(q, k, qkv[:, 2 * HEADS :], attn_mask=near, is_causal=near is None)
        x = x + F.linear(seen.transpose(1, 2).reshape(x.shape), self.out)
        return x + F.linear(F.relu(F.linear(norm(x), self.up)).square(), self.down)


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Parameter(torch.randn(prepare.VOCAB, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.head = nn.Parameter(torch.zeros(prepare.VOCAB, WIDTH))

    def forward(self, tokens):
        cos, sin, near = places(tokens.size(1), tokens.device)
        x = norm(F.embedding(tokens, self.embed))
        for block in self.blocks:
            x = block(x, cos, sin, near)
        return F.linear(norm(x), self.head).float()


def places(length, device):
    """The angles of the places, and which are near enough to look at: None where all before are."""
    place = torch.arange(length, device=device)
    speed = 10000 ** (-torch.arange(0, HEAD_DIM, 2, device=device) / HEAD_DIM)
    angle = place[:, None] * speed
    back = place[:, None] - place
    return angle.cos(), angle.sin(), (back >= 0) & (back < SEQUENCE) if length > SEQUENCE else None


def orthogonal(x):
    """Nearest to x, roughly, of the matrices that stretch all directions alike. Newton-Schulz, as in Muon."""
    tall = x.size(-2) > x.size(-1)
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        a = torch.bmm(x, x.mT)
        b = torch.baddbmm(a, a, a, beta=-4.7750, alpha=2.0315)
        x = torch.baddbmm(x, b, x, beta=3.4445)
    return x.mT if tall else x


class Muon:
    """For matrices. Those of one shape are done as one batch; query, key and value are matrices of their own."""

    def __init__(self, blocks):
        wide = MLP_RATIO * WIDTH
        shapes = {"qkv": (3, WIDTH, WIDTH), "out": (1, WIDTH, WIDTH), "up": (1, wide, WIDTH), "down": (1, WIDTH, wide)}
        self.groups = []
        for name, (count, height, width) in shapes.items():
            weights = [getattr(block, name) for block in blocks]
            momentum = torch.zeros(len(weights) * count, height, width, device=DEVICE)
            self.groups.append((weights, momentum, max(1, height / width) ** 0.5))

    @torch.no_grad()
    def step(self, rate):
        for weights, momentum, scale in self.groups:
            grads = torch.cat([weight.grad for weight in weights]).view(momentum.shape)
            momentum.lerp_(grads, 1 - MOMENTUM)
            moves = orthogonal(grads.lerp(momentum, MOMENTUM)) * (rate * scale)
            for weight, move in zip(weights, moves.chunk(len(weights))):
                weight.mul_(1 - rate * WEIGHT_DECAY).sub_(move.view(weight.shape))


class AdamW:
    """For embedding and head. The fused step is called directly: to construct torch.optim.AdamW takes 1.2 s."""

    def __init__(self, weights):
        self.weights, self.counts = weights, [torch.zeros((), device=DEVICE) for _ in weights]
        self.means, self.squares = ([torch.zeros_like(weight) for weight in weights] for _ in range(2))

    @torch.no_grad()
    def step(self, rate):
        for count in self.counts:
            count += 1
        state = [weight.grad for weight in self.weights], self.means, self.squares, [], self.counts
        betas = {"beta1": BETAS[0], "beta2": BETAS[1], "eps": 1e-10, "weight_decay": 0.0}
        torch._fused_adamw_(self.weights, *state, lr=rate, **betas, amsgrad=False, maximize=False)


def batches():
    """Random pieces of the text, with what follows each token, and how many bytes that is for each token."""
    rng, text, token_bytes = np.random.default_rng(prepare.SEED), prepare.tokens(), prepare.token_bytes()
    piece = np.arange(SEQUENCE + 1)
    while True:
        starts = rng.integers(0, len(text) - SEQUENCE, ROWS)
        tokens = text[starts[:, None] + piece].astype(np.int64)
        given = torch.from_numpy(tokens).to(DEVICE)
        yield given[:, :-1], given[:, 1:], token_bytes[tokens[:, 1:]].mean()


def loss_of(model, tokens, following):
    with torch.autocast(DEVICE, torch.bfloat16, enabled=DEVICE == "cuda"):
        logits = model(tokens)
    return F.cross_entropy(logits.flatten(0, 1), following.flatten())


def schedule(share):
    """The rates rise at the start of the box and fall at its end."""
    up = (share + 0.01) / WARMUP if share < WARMUP else 1.0
    return min(1.0, up, (1 - share) / WARMDOWN if WARMDOWN else 1.0)


def train(model):
    """Learns until the box is over. Returns the seconds and the steps that it took."""
    muon = Muon(model.blocks)
    adamw = AdamW([model.embed, model.head])
    pieces, learner = batches(), model
    if DEVICE == "cuda":  # 30 s of compiling are outside of the box; on a CPU they would be longer than the box
        learner = torch.compile(model, dynamic=False)
        loss_of(learner, *next(pieces)[:2]).backward()

    started, step, shown, train_bpb = prepare.now(), 0, 0.0, 8.0
    while (seconds := prepare.now() - started) < prepare.BOX_SECONDS:
        rate = schedule(seconds / prepare.BOX_SECONDS)
        model.zero_grad()
        tokens, following, token_bytes = next(pieces)
        loss = loss_of(learner, tokens, following)
        loss.backward()
        muon.step(rate * MATRIX_RATE)
        adamw.step(rate * ADAM_RATE * (WIDTH / 64) ** -0.5)  # a wider model wants smaller steps of it
        bpb = loss.item() / math.log(2) / token_bytes
        if not math.isfinite(bpb):
            raise SystemExit(f"the loss is {bpb} at step {step}: a rate is too high, or INIT")
        step += 1
        train_bpb += max(0.1, 1 / step) * (bpb - train_bpb)
        if seconds >= shown:
            print(f"step {step} | {seconds:.1f}s | train_bpb {train_bpb:.4f}", flush=True)
            shown += prepare.BOX_SECONDS / 50
    return seconds, step


@torch.inference_mode()
def logits_of(tokens):
    """What score.py asks for: rows of tokens come in, logits of what follows each place go out."""
    return model(torch.from_numpy(tokens).long().to(DEVICE)).cpu().numpy()


model = GPT().to(DEVICE)
if prepare.ANSWERING:  # after a run, in a process that has seen no text
    arrays = prepare.load()
    model.load_state_dict({name: torch.from_numpy(arrays[name]) for name in model.state_dict()})
    prepare.answer(logits_of)
else:
    seconds, steps = train(model)
    prepare.save({name: weight.numpy(force=True) for name, weight in model.state_dict().items()})
    numbers = {"num_steps": steps, "tokens_per_second": steps * ROWS * SEQUENCE / seconds}
    numbers["num_params_M"] = sum(weight.numel() for weight in model.parameters()) / 1e6
    prepare.end(logits_of, seconds, **numbers, depth=DEPTH, width=WIDTH)
