from __future__ import annotations

import pytest

from overnight.model import Call, Experiment, Proposal, Status, Trial, Usage, Verdict
from overnight.propose.chat.mistakes import small_mistake


def ended(tail: str) -> Experiment:
    trial = Trial("r", 1, Status.CRASH, {}, Usage(), 1, None, "exit code 1", tail)
    return Experiment(1, Proposal({}, "p", "o", "h"), None, (trial,), Verdict(1, Call.CRASH, "exit code 1"))


@pytest.mark.parametrize(
    "last",
    [
        "NameError: name 'x' is not defined",
        "TypeError: forward() missing 1 required positional argument: 'mask'",
        "AttributeError: 'GPT' object has no attribute 'wte'",
        "ModuleNotFoundError: No module named 'einops'",
        "ImportError: cannot import name 'x' from 'y'",
        "SyntaxError: invalid syntax",
        "IndentationError: unexpected indent",
        "UnboundLocalError: cannot access local variable 'x'",
        "KeyError: 'lr'",
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x8 and 4x8)",
        "RuntimeError: The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1",
        "RuntimeError: expected scalar type Float but found BFloat16",
        "ValueError: operands could not be broadcast together with shapes (3,) (4,)",
        "ValueError: too many values to unpack (expected 2)",
        "numpy.exceptions.AxisError: axis 2 is out of bounds for array of dimension 2",
    ],
)
def test_what_a_reader_of_the_code_would_have_seen_is_a_small_mistake(last: str) -> None:
    assert small_mistake(ended(f"step 1\nTraceback (most recent call last):\n  File\n{last}\n")), last


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "Killed",
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB, size 3",
        "MemoryError",
        "FileNotFoundError: [Errno 2] No such file: 'data.bin'",
        "AssertionError: loss is not finite",
        "KeyboardInterrupt",
        "TypeError: in passing\nRuntimeError: CUDA error: device-side assert triggered",
        "print('TypeError: never raised')",
    ],
)
def test_what_has_another_cause_is_not(tail: str) -> None:
    assert not small_mistake(ended(f"step 1\n{tail}\n")), tail
