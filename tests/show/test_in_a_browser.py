"""The report's page where people see it: a browser takes it as it stands, obeys its policy, and fetches nothing."""

from __future__ import annotations

import http.server
import shutil
import struct
import subprocess
import threading
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from overnight.ledger.ledger import Reader
from overnight.show.morning import write_morning
from overnight.show.series import series_of
from tests.show.morning_night import a_morning, morning_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr"),
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on PATH"),
]


ASKED: list[str] = []


class Served(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        ASKED.append(self.path)
        super().do_GET()

    def log_message(self, *said: object) -> None: ...


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("page")
    report = morning_report(folder, a_morning())
    with Reader.open(folder / "night") as reader:
        write_morning(folder, report, series_of(reader))
    handler = partial(Served, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/report.html"
        server.shutdown()


def seen(address: str, size: str, folder: Path, *flags: str) -> tuple[list[bytes], str]:
    """The rows of pixels, as PNG has them, and what the browser said."""
    assert CHROMIUM is not None
    shot = folder / "shot.png"
    view = (f"--user-data-dir={folder / 'profile'}", f"--window-size={size}", f"--screenshot={shot}")
    command = [CHROMIUM, *FLAGS, *flags, *view, address]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=100, check=False)
    return pixels(shot.read_bytes()), done.stderr


def pixels(png: bytes) -> list[bytes]:
    width, height, _, kind = struct.unpack(">IIBB", png[16:26])
    at, data = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        data += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += 12 + length
    raw, row = zlib.decompress(data), 1 + width * {2: 3, 6: 4}[kind]
    return [raw[start : start + row] for start in range(0, height * row, row)]


@pytest.mark.parametrize("size", ["1200,1600", "500,1600"])
@pytest.mark.parametrize("flags", [(), ("--blink-settings=preferredColorScheme=0",)])
def test_it_is_drawn_and_nothing_is_refused(address: str, size: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    rows, said = seen(address, size, tmp_path, *flags)
    assert len(set(rows)) > 200  # ink almost everywhere
    assert "Content Security Policy" not in said
    assert "Uncaught" not in said


def test_it_asks_for_nothing_but_itself(address: str, tmp_path: Path) -> None:
    ASKED.clear()
    seen(address, "1200,1600", tmp_path)
    assert set(ASKED) <= {"/report.html", "/favicon.ico"}  # which every browser asks for by itself
