"""The GPU of a slot, as device nodes: its own, and those that all share. A name that no node can be found for, such as
a part of a GPU (MIG), gets all of NVIDIA's. AMD's and Intel's are not leased: who may see any sees all of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

COMMON = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia-caps", "dri", "kfd", "dxg")
ABOUT = ("/sys/bus", "/sys/class", "/sys/module")  # where drivers look for what there is
DRIVER = Path("/proc/driver/nvidia/gpus")


def gpu_nodes(gpu: str | None, dev: Path = Path("/dev"), driver: Path = DRIVER) -> list[str]:
    """`gpu` as in CUDA_VISIBLE_DEVICES. None: nobody has to share. "": this slot has none."""
    if gpu == "":
        return []
    there = os.listdir(dev)
    every = [str(dev / name) for name in there if name.startswith("nvidia") and name[6:].isdecimal()]
    known = dict(_known(driver)) if every else {}
    named = gpu.split(",") if gpu else []
    found = [f"{dev}/nvidia{known[name]}" for name in named if name in known]
    own = found if found and len(found) == len(named) else every
    return [*sorted(own), *(str(dev / name) for name in COMMON if name in there)]


def _known(driver: Path) -> Iterator[tuple[str, str]]:
    """From the GPU's id to the number of its node."""
    for file in driver.glob("*/information"):
        text = file.read_text(errors="replace")
        uuid, minor = re.search(r"GPU UUID:\s*(\S+)", text), re.search(r"Device Minor:\s*(\d+)", text)
        if uuid and minor:
            yield uuid[1], minor[1]
