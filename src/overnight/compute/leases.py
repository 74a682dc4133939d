"""An Executor over the posts of an engine: each run has a lease on one, and is counted once whatever happens to it.

A run whose post dies, falls silent, or is past its deadline is executed again on another one: the same run, hence the
same seed. What the former one may still say is not listened to. No engine is relied on for this: one that notices a
dead node only after minutes costs nothing but that node.

Not covered: a run that is lost stays a run that used a machine; the ledger does not count that time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from overnight.compute.executor import Failed, Report
from overnight.compute.lease import MOST, Hired, Lease, Terms, crashed, stopped
from overnight.compute.pieces import Pieces
from overnight.compute.posts import Cancel, End, Engine, Gone, Kept, Measure, Part, Piece, Ready, Unfit, Word
from overnight.errors import OvernightError, UsageError
from overnight.model import Heartbeat, Run, Slot, Status, Trial

SILENCE = 16.0  # seconds without a word after which a post is given up; a live one speaks every second or two
FRESH = 3.0  # a post that was silent for longer is given nothing new
PATIENCE = 30.0  # seconds for a cancelled run to end in its own way
AGAIN = 5.0  # seconds from the loss of a post to the next try to hire one
EXTINCT = 60.0  # seconds without a post of a run's hardware after which it is given back
STALL = 3.0  # seconds between two looks that say that it was us who stood still

OfRun = Piece | Part | Kept | Heartbeat | Trial | Failed


class Leases:
    def __init__(self, engine: Engine, terms: Terms, pieces: Pieces, report: Report, now: Callable[[], float]) -> None:
        self._engine, self._terms, self._pieces, self._report, self._now = engine, terms, pieces, report, now
        self._lock = threading.Condition(threading.RLock())
        self._posts: dict[str, Hired] = {}
        self._waiting: deque[Lease] = deque()  # lost, or given to a post that was
        self._done: set[tuple[str, int]] = set()
        self._hired, self._next_hire, self._looked = 0, 0.0, now()
        self._unfit, self._over, self._closing = "", False, False
        self._thread = threading.Thread(target=self._work, name="posts", daemon=True)
        self._thread.start()

    # the Executor

    def free(self) -> Sequence[Slot]:
        with self._lock:
            idle = [post.slot for post in self._idle() if post.slot]
            for lease in self._waiting:  # a lost run goes before new ones
                alike = [slot for slot in idle if slot.hardware == lease.hardware]
                idle = [slot for slot in idle if slot not in alike[:1]]
            return idle

    def submit(self, run: Run, attempt: int, slot: Slot) -> None:
        with self._lock:
            if (run.id, attempt) in self._done or any(lease.run.id == run.id for lease in self._leases()):
                return
            post = self._posts.get(slot.name)
            if post and post.lease:
                raise ValueError(f"{slot.name} is leased to another run")
        lease = Lease(Measure(run, attempt, self._terms.pack(run.commit)), hardware=slot.hardware)
        with self._lock:
            if post and self._posts.get(slot.name) is post and not post.lease:
                self._give(lease, post)
            else:
                self._wait_for_slot(lease)

    def expect(self, run: Run) -> None:
        """What nodes need is brought there once, and each makes its runs ready."""

    def cancel(self, run_id: str) -> None:
        with self._lock:
            for lease in [lease for lease in self._waiting if lease.run.id == run_id]:
                self._waiting.remove(lease)
                self._conclude(lease, stopped(lease, "cancelled while it waited for a slot"))
            for post in self._posts.values():
                if post.lease and post.lease.run.id == run_id and post.lease.cancelled is None:
                    post.lease.cancelled = self._now()
                    post.post.send(Cancel(run_id))

    def close(self) -> None:
        """Ends everything at once, and returns when the last Trial has been reported."""
        with self._lock:
            self._closing = True
            for post in self._posts.values():
                if post.lease:
                    post.lease.cancelled = post.lease.cancelled or self._now()
                    post.post.send(End())
            self._lock.wait_for(lambda: not any(post.lease for post in self._posts.values()), timeout=PATIENCE)
            self._over = True
        self._thread.join()
        with self._lock:
            for lease in [*self._leases()]:
                self._conclude(lease, stopped(lease, "its post did not answer when the night ended"))
            for post in self._posts.values():
                post.post.dismiss()
            self._posts.clear()
            self._waiting.clear()
        self._engine.close()

    def wait(self, seconds: float) -> list[Slot]:
        """The slots there are when the first post is ready. UsageError: none can be, or none was after so long."""
        with self._lock:
            self._lock.wait_for(lambda: self._unfit or any(post.slot for post in self._posts.values()), seconds)
            if ready := [post.slot for post in self._posts.values() if post.slot]:
                return ready
            raise UsageError(self._unfit or f"no slot has come up in {seconds:.0f} s: the cluster has no room for one")

    # its thread

    def _work(self) -> None:
        try:
            while not self._over:
                self._turn()
        except BaseException as error:  # noqa: BLE001 - the edge of a worker: ours, so the night must hear of it
            with self._lock:
                self._unfit = f"{type(error).__name__}: {error}"
                under_way = self._leases()
                for lease in under_way:
                    self._conclude(lease, Failed(lease.run.id, error))
                self._waiting.clear()
                if not under_way:
                    self._report(Failed("that comes next", error))
                self._lock.notify_all()

    def _turn(self) -> None:
        with self._lock:
            self._hire()
        heard = [(name, list(words)) for name, words in self._engine.listen(0.2)]
        with self._lock:
            self._excuse()
            for name, words in heard:
                self._hear(name, words)
            self._look()
            self._lock.notify_all()

    def _hire(self) -> None:
        while len(self._posts) < self._terms.posts and self._now() >= self._next_hire and not self._closing:
            self._hired += 1
            name = f"slot-{self._hired}"
            self._posts[name] = Hired(self._engine.hire(name), float("inf"))

    def _excuse(self) -> None:
        """While we stood still (a laptop that slept), nobody could be heard: that is nobody's silence."""
        gap, self._looked = self._now() - self._looked, self._now()
        if gap > STALL:
            for post in self._posts.values():
                post.heard += gap
            for lease in self._leases():
                lease.began += gap

    def _hear(self, name: str, words: Iterable[Word]) -> None:
        for word in [*words]:
            post = self._posts.get(name)
            if post is None:
                return
            match word:
                case Ready(slot, host):
                    post.slot, post.host = replace(slot, name=name), host
                    self._terms.note(f"{name} is ready on {host}: {slot.hardware}")
                case Unfit(why):
                    self._unfit = why
                    self._lose(name, why)
                case Gone(why):
                    self._lose(name, why)
                case Piece() | Part() | Kept() | Heartbeat() | Trial() | Failed():
                    self._hear_of_run(name, post, word)
        if name in self._posts:
            self._posts[name].heard = self._now()

    def _hear_of_run(self, name: str, post: Hired, word: OfRun) -> None:
        lease = post.lease
        if lease is None or lease.run.id != word.run_id:
            return
        match word:
            case Heartbeat():
                self._report(word)
            case Piece() | Part() | Kept():
                self._pieces.take(name, lease.run, word)
            case Trial() if word.status is not Status.STOPPED or lease.cancelled is not None:
                self._pieces.complete(name, lease.run)
                post.lease = None
                self._conclude(lease, word)
            case Trial():
                self._lose(name, "its node was told to stop")
            case Failed():
                self._lose(name, f"could not measure it: {word.error}", word.error)

    def _look(self) -> None:
        now = self._now()
        for name, post in [*self._posts.items()]:
            lease = post.lease
            if now - post.heard > SILENCE:
                self._lose(name, f"silent for {now - post.heard:.0f} s")
            elif lease and lease.cancelled is not None and now - lease.cancelled > PATIENCE:
                self._lose(name, "did not end what was cancelled")
            elif lease and now - lease.began > self._terms.deadline(lease.run):
                self._lose(name, "past its deadline")
        for lease in [*self._waiting]:
            self._place(lease)

    def _place(self, lease: Lease) -> None:
        """On the hardware that the night gave it to. Where there is none left the night has to plan anew."""
        alike = [post for post in self._posts.values() if post.slot and post.slot.hardware == lease.hardware]
        if idle := [post for post in alike if post in self._idle()]:
            self._waiting.remove(lease)
            self._give(lease, idle[0])
            self._terms.note(f"run {lease.run.id} is executed again on {idle[0].host}")
        elif not alike and self._now() - lease.began > EXTINCT:
            self._waiting.remove(lease)
            self._conclude(lease, stopped(lease, f"no slot with {lease.hardware or 'its hardware'} is left"))

    # leases

    def _idle(self) -> list[Hired]:
        now = self._now()
        return [post for post in self._posts.values() if post.slot and not post.lease and now - post.heard < FRESH]

    def _leases(self) -> list[Lease]:
        return [*(post.lease for post in self._posts.values() if post.lease), *self._waiting]

    def _give(self, lease: Lease, post: Hired) -> None:
        post.lease, lease.began = lease, self._now()
        post.post.send(replace(lease.order, left=self._pieces.left(lease.run)))

    def _wait_for_slot(self, lease: Lease) -> None:
        lease.began = self._now()
        self._waiting.append(lease)

    def _lose(self, name: str, why: str, error: BaseException | None = None) -> None:
        post = self._posts.pop(name)
        post.post.dismiss()
        self._pieces.drop(name)
        self._next_hire = self._now() + AGAIN
        lease, where = post.lease, f"{name} on {post.host or 'no node yet'}"
        self._terms.note(f"{where} is given up ({why}){f': run {lease.run.id} is lost' if lease else ''}")
        if lease is None:
            return
        lease.lost.append(f"{where}: {why}")
        if lease.cancelled is not None or self._closing:
            self._conclude(lease, stopped(lease, why))
        elif len(lease.lost) < MOST:
            self._wait_for_slot(lease)
        elif error:
            self._conclude(lease, Failed(lease.run.id, OvernightError("; ".join(lease.lost))))
        else:
            self._conclude(lease, crashed(lease))

    def _conclude(self, lease: Lease, result: Trial | Failed) -> None:
        for post in self._posts.values():
            if post.lease is lease:
                post.lease = None
        self._done.add((lease.run.id, lease.order.attempt))
        self._report(result)
