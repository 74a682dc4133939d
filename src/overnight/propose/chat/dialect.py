"""What the kinds of model servers have in common, for a client: messages go out, words and token counts come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    role: str  # "user" or "assistant"
    text: str


class End(StrEnum):
    """Why the model stopped."""

    DONE = "done"
    CUT = "cut"  # it may say no more than it has said
    REFUSED = "refused"  # it declines, or a filter does


@dataclass(slots=True)
class Heard:
    """What has come so far. `end` is None until the model has said that it is finished."""

    parts: list[str] = field(default_factory=list)
    into: int | None = None  # tokens; None: it does not say
    out: int | None = None
    end: End | None = None
    error: Mapping[str, Any] | None = None  # told in the middle of a stream that began well


class Dialect(Protocol):
    home: str  # the service's own address
    key_name: str  # of the environment variable that holds its key

    def address(self, base: str) -> str:
        """Where to ask, below a base that a person gave."""
        ...

    def headers(self, key: str) -> Mapping[str, str]: ...

    def body(self, model: str, messages: Sequence[Message]) -> Json: ...

    def hear(self, event: Json, heard: Heard) -> None:
        """One event of a stream. What is not understood is passed over. TypeError, KeyError, AttributeError, IndexError
        or ValueError where it is not of the shape that it has to be."""
        ...

    def hear_whole(self, reply: Json, heard: Heard) -> None:
        """An answer in one piece; errors as for `hear`."""
        ...
