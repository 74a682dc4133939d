# mypy: ignore-errors
# It needs PyTorch, which whoever checks types need not have.
"""The GPT that labs/gpt is measured against: as nanoGPT has it, in the lab's own shape, box, text and file format.

LayerNorm, learned positions, GELU, the head tied to the embedding, and AdamW for all: weight decay for matrices, the
gradient clipped, the rate warmed up and taken down by a cosine to a tenth. No biases, as nanoGPT recommends. It is run
in a copy of the lab, with that lab's prepare.py beside it, and its rate is the one argument. The fused step, memory and
batches are the lab's, so that the two differ in the model and in how it learns, and in nothing else.
"""

from __future__ import annotations

import math
import os
from importlib import import_module
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

prepare = import_module("prepare")  # of the lab, a copy of which this runs in

LAYERS, WIDTH, HEADS, LENGTH, ROWS = (int(word) for word in os.environ["PLAIN_SHAPE"].split())
PEAK_RATE = float(os.environ["PLAIN_RATE"])
WARMUP, LOWEST = 0.05, 0.1  # shares of the box and of the rate


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH, bias=False), nn.LayerNorm(WIDTH, bias=False)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        rows, length, _ = x.shape
        qkv = self.qkv(self.before(x)).view(rows, length, 3 * HEADS, WIDTH // HEADS).transpose(1, 2)
        q, k, v = qkv.chunk(3, 1)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(x.shape)
        x = torch.add(x, self.out(seen))
        return torch.add(x, self.down(F.gelu(self.up(self.between(x)))))


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(prepare.VOCAB, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks, self.last = nn.ModuleList(Block() for _ in range(LAYERS)), nn.LayerNorm(WIDTH, bias=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                deep = (2 * LAYERS) ** -0.5 if name.endswith(("out.weight", "down.weight")) else 1.0
                nn.init.normal_(weight, 0.0, 0.02 * deep)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens) + self.place.weight[: tokens.size(1)]
        for block in self.blocks:
            x = block(x)
        return F.linear(self.last(x), self.embed.weight)


class AdamW:
    def __init__(self, weights: list[Tensor], decay: float) -> None:
        self.weights, self.decay = weights, decay
        self.means, self.squares = [torch.zeros_like(w) for w in weights], [torch.zeros_like(w) for w in weights]
        self.counts = [torch.zeros(()) for _ in weights]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        for count in self.counts:
            count += 1
        grads = [weight.grad for weight in self.weights]
        fused: Any = torch._fused_adamw_
        betas = {"beta1": 0.9, "beta2": 0.95, "eps": 1e-8, "weight_decay": self.decay}
        fused(
            self.weights,
            grads,
            self.means,
            self.squares,
            [],
            self.counts,
            lr=rate,
            **betas,
            amsgrad=False,
            maximize=False,
        )


def schedule(share: float) -> float:
    if share < WARMUP:
        return (share + 0.01) / (WARMUP + 0.01)
    return LOWEST + (1 - LOWEST) * 0.5 * (1 + math.cos(math.pi * (share - WARMUP) / (1 - WARMUP)))


def train(model: Plain) -> tuple[float, int]:
    weights = list(model.parameters())
    optimizers = [AdamW([w for w in weights if w.dim() == 2], 0.1), AdamW([w for w in weights if w.dim() < 2], 0.0)]
    rng, text, piece = np.random.default_rng(prepare.SEED), prepare.tokens(), np.arange(LENGTH + 1)
    started, step = prepare.now(), 0
    while (seconds := prepare.now() - started) < prepare.BOX_SECONDS:
        starts = rng.integers(0, len(text) - LENGTH, ROWS)
        tokens = torch.from_numpy(text[starts[:, None] + piece].astype(np.int64))
        model.zero_grad()
        loss: Any = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        for optimizer in optimizers:
            optimizer.step(PEAK_RATE * schedule(seconds / prepare.BOX_SECONDS))
        step += 1
    return seconds, step


@torch.inference_mode()
def logits_of(tokens: np.ndarray) -> np.ndarray:
    """Longer rows than it has places for in overlapping pieces: no answer but the first ones has less than half."""
    rows = torch.from_numpy(tokens).long()
    half = LENGTH // 2
    firsts = range(half, rows.size(1) - half, half)
    answers = [model(rows[:, first : first + LENGTH])[:, half:] for first in firsts]
    return torch.cat([model(rows[:, :LENGTH]), *answers], 1).numpy()


if __name__ == "__main__":
    torch.set_flush_denormal(True)
    torch.manual_seed(prepare.SEED)
    model = Plain()
    seconds, steps = train(model)
    numbers = {"num_steps": steps, "tokens_per_second": steps * ROWS * LENGTH / seconds}
    prepare.end(logits_of, seconds, **numbers)
