"""One conversation with a model, about one change: the question, one turn for repair, and the whole file once.

Promises: one deadline for all of it, and what it cost so far, also when it comes to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from overnight.clock import Clock
from overnight.model import Cost
from overnight.propose.brief import Wanted
from overnight.propose.chat import words
from overnight.propose.chat.client import Answer, ask
from overnight.propose.chat.dialect import End, Message
from overnight.propose.chat.formats import Formats, too_long
from overnight.propose.chat.options import Settings
from overnight.propose.chat.refusal import ModelError
from overnight.propose.edits.change import Fault, Problem
from overnight.propose.edits.reply import Reply, read_reply
from overnight.propose.trouble import Trouble

TROUBLES = {
    Fault.NO_EDIT: Trouble.NO_EDIT,
    Fault.EMPTY: Trouble.NO_EDIT,
    Fault.OUTSIDE: Trouble.OUTSIDE,
}  # every other fault is a bad reply

CUT = Problem(Fault.CUT_OFF, "the answer reached the limit of its length before it was complete")


class Talk:
    def __init__(self, settings: Settings, formats: Formats, clock: Clock) -> None:
        self._settings, self._formats, self._clock = settings, formats, clock
        self._began = clock.now().mono
        self._messages: list[Message] = []
        self._into: int | None = 0
        self._out: int | None = 0
        self.answered = False

    def change(self, question: str, files: Mapping[str, str], only: Sequence[str], asked: Wanted) -> Reply:
        """The change that the model makes of `files`. ModelError says why there is none."""
        reply = self._read(question, files, only)
        self._formats.record(asked, reply.problem is None)
        if reply.problem:
            reply = self._read(words.again(reply.problem, asked), files, only)
        if reply.problem and asked is Wanted.BLOCKS and not too_long(files):
            reply = self._read(words.whole(reply.problem), files, only)
            if reply.problem is None:
                self._formats.record(Wanted.WHOLE, worked=True)
        if reply.problem:
            raise ModelError(TROUBLES.get(reply.problem.kind, Trouble.BAD_REPLY), reply.problem.why)
        return reply

    def cost(self) -> Cost:
        seconds = self._clock.now().mono - self._began
        if self._into is None or self._out is None:
            return Cost(seconds, None, None)
        prices, tokens = self._settings.prices, self._into + self._out
        if tokens and prices is None:
            return Cost(seconds, tokens, None)
        usd = (self._into * prices.into + self._out * prices.out) / 1e6 if prices else 0.0
        return Cost(seconds, tokens, usd)

    def _read(self, question: str, files: Mapping[str, str], only: Sequence[str]) -> Reply:
        answer = self._ask(question)
        if answer.end is End.REFUSED:
            raise ModelError(Trouble.REFUSED, "the model, or a filter of its service, declines to answer")
        reply = read_reply(answer.text, files, only)
        return Reply(problem=CUT, format=reply.format) if answer.end is End.CUT else reply

    def _ask(self, question: str) -> Answer:
        self._messages.append(Message("user", question))
        left = self._settings.seconds - (self._clock.now().mono - self._began)
        if left <= 0:
            raise ModelError(Trouble.LATE, f"no usable answer within {self._settings.seconds:g} s")
        try:
            answer = ask(self._settings.model, self._messages, left, self._clock)
        except ModelError as error:
            if error.spent:
                self._into = self._out = None
            raise
        self.answered = True
        self._into = None if self._into is None or answer.into is None else self._into + answer.into
        self._out = None if self._out is None or answer.out is None else self._out + answer.out
        self._messages.append(Message("assistant", answer.text or "(nothing)"))
        return answer
