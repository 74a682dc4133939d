"""One turn of a coding client: a folder of its own, walls around it, and an ear on what it prints while it works.

Promises: it sees the system's programs, itself, its workspace, and what its line names, and nothing else of the user's,
as far as the level of isolation keeps that; its environment is what the row and the line name; it is ended, with all
that it has started, at its time, when it falls silent, and when it takes more turns or tokens than it may. It has the
network: it must reach its service. Not covered: what it sends there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from overnight.measure.environment import KEPT
from overnight.measure.place import Sandbox
from overnight.measure.process import Ended, Running, Spec, Warden
from overnight.measure.sandbox.walls import Walls, system
from overnight.propose.programs import readable
from overnight.propose.rows import Row
from overnight.propose.stream import READERS, Heard, Stream
from overnight.propose.trouble import Trouble

NETWORK = (  # how it gets out of here
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE")
PRINTED, PROCESSES, WRITES_MB = 100_000_000, 1024, 4096.0
LINES = 300_000  # printed: ten times what the most talkative client needs; to read them takes seconds
PIECE = 1 << 20  # bytes that are read at a time: lines of one letter take thirty times their room
BEAT_SECONDS = 0.5
LONGEST_WORD = 100_000
"""Bytes: Linux takes no longer word than 131,072. A longer prompt is read from its file."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the line of an agent says."""

    row: Row
    argv: tuple[str, ...] = ()  # of a program without a row
    model: str = ""
    provider: str = ""
    base_url: str = ""
    key: str = "none"  # for a base_url
    seconds: float = 1200.0
    idle_seconds: float | None = None
    turns: int = 100
    tokens: int | None = None
    login: bool = False
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()  # names of further variables that it is given
    read: tuple[str, ...] = ()  # further paths that it may read


@dataclass(slots=True)
class Turn:
    """`folder` is new and empty but for the workspace `work`."""

    order: Order
    folder: Path
    environ: Mapping[str, str]
    hide: Sequence[str] = ()
    ours: tuple[Trouble, str] | None = None  # why we have ended it
    _grown: float = field(default=0.0, repr=False)

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def spec(self, prompt: str, program: str, sandbox: Sandbox, walled: bool) -> Spec:
        """Makes what the client finds. `program`: the path of the first word."""
        home, tmp = self.folder / "home", self.folder / "tmp"
        for made in (home, tmp):
            made.mkdir()
        (self.folder / "prompt.md").write_text(prompt)
        blanks = self._blanks(prompt)
        self._furnish(home, blanks)
        spec = Spec(
            argv=(program, *self._words(blanks, walled)[1:]),
            env=self._environment(home, tmp, blanks),
            cwd=str(self.work),
            log=str(self.folder / "log"),
            kill_after_seconds=self.order.seconds,
            beat_seconds=BEAT_SECONDS,
            output_bytes=PRINTED,
            processes=PROCESSES,
            writes_mb=WRITES_MB,
        )
        return sandbox.confine(spec, self._walls(program))

    def watch(self, running: Running) -> tuple[Ended, Heard]:
        """Until it has ended, by itself or by us."""
        stream = Stream(READERS[self.order.row.reader])
        with open(self.folder / "log", "rb") as log:

            def beat(wall: float, cpu: float) -> None:  # noqa: ARG001
                while self.ours is None and (data := log.read(PIECE)):
                    stream.feed(data)
                    self._grown = wall
                    self.ours = self._too_much(stream, wall)
                self.ours = self.ours or self._too_much(stream, wall)
                if self.ours:
                    running.stop()

            ended = running.wait(beat)
            while stream.lines < LINES and (data := log.read(PIECE)):
                stream.feed(data)
        return ended, stream.close()

    def run(self, spec: Spec, warden: Warden) -> Running:
        (self.folder / "log").touch()
        return warden.start(spec)

    def _too_much(self, stream: Stream, wall: float) -> tuple[Trouble, str] | None:
        order, heard = self.order, stream.heard
        if stream.lines > LINES:
            return Trouble.LOOP, f"it printed more than {LINES:,} lines"
        if heard.turns > order.turns:
            return Trouble.LOOP, f"it took more than {order.turns} turns"
        if order.tokens is not None and (heard.tokens or 0) > order.tokens:
            return Trouble.LOOP, f"it took more than {order.tokens:,} tokens"
        if order.idle_seconds is not None and wall - self._grown > order.idle_seconds:
            return Trouble.SILENT, f"nothing was heard of it for {order.idle_seconds:g} s"
        return None

    def _blanks(self, prompt: str) -> Mapping[str, str]:
        order, file = self.order, self.folder / "prompt.md"
        short = len(prompt.encode()) <= LONGEST_WORD
        return {
            "{prompt}": prompt if short else f"Your task is in the file {file}: read it, and do what it says.",
            "{prompt_file}": str(file),
            "{workdir}": str(self.work),
            "{home}": str(self.folder / "home"),
            "{model}": order.model,
            "{provider}": order.provider,
            "{seconds}": f"{order.seconds:g}",
            "{base_url}": order.base_url or order.row.base_url,
            "{key}": order.key,
        }

    def _words(self, blanks: Mapping[str, str], walled: bool) -> list[str]:
        order, row = self.order, self.order.row
        model = [row.url_model if order.base_url and word == "{model}" else word for word in row.model]
        words = [
            *(row.argv or order.argv),
            *(row.logged_in if order.login else row.keyed),
            *(row.walled if walled else row.bare),
            *(model if order.model else ()),
            *(row.provider if order.provider else ()),
            *(row.url if order.base_url else ()),
            *order.args,
            *row.prompt,
        ]
        return [filled(word, blanks) for word in words]

    def _environment(self, home: Path, tmp: Path, blanks: Mapping[str, str]) -> dict[str, str]:
        order, row = self.order, self.order.row
        keys = () if order.base_url else row.keys
        kept = (*KEPT[:2], *NETWORK, *CERTIFICATES, *keys, *order.env)
        urls = row.url_env if order.base_url else {}
        return {
            **{name: self.environ[name] for name in kept if name in self.environ},
            **{name: filled(text, blanks) for name, text in {**row.env, **urls}.items()},
            "PATH": self.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "TMPDIR": str(tmp),
            "GIT_CEILING_DIRECTORIES": str(self.folder),
        }

    def _furnish(self, home: Path, blanks: Mapping[str, str]) -> None:
        order, row = self.order, self.order.row
        texts = {**row.files, **({} if order.login else row.keyed_files), **(row.url_files if order.base_url else {})}
        for name, text in texts.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(filled(text, blanks))
        for theirs in self._logins():
            link = home / theirs.relative_to(self._user_home())
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(theirs)

    def _walls(self, program: str) -> Walls:
        named = [self.environ[name] for name in CERTIFICATES if name in self.environ]
        paths = [*map(Path, system()), *readable(program, self.environ), *map(Path, (*self.order.read, *named))]
        return Walls(
            read=(*(str(path) for path in dict.fromkeys(paths) if path.is_absolute()), str(self.folder / "prompt.md")),
            write=(*(str(self.folder / name) for name in ("work", "home", "tmp")), *map(str, self._logins())),
            hide=tuple(self.hide),
            network=True,
        )

    def _logins(self) -> list[Path]:
        if not self.order.login:
            return []
        return [path for name in self.order.row.login if (path := self._user_home() / name).exists()]

    def _user_home(self) -> Path:
        return Path(self.environ.get("HOME", "/"))


def filled(text: str, blanks: Mapping[str, str]) -> str:
    """Each blank once: what is filled in is not looked at again."""
    for blank, value in blanks.items():
        if blank in text:
            before, _, after = text.partition(blank)
            return filled(before, blanks) + value + filled(after, blanks)
    return text
