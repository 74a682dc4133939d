"""Drives a client where there is no network but loopback, and writes down whom it looks for: run by test_alone in a
network and a mount namespace of its own.

Every name that a program looks up there is asked of us, in place of the machine's own name server.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

from overnight.testing.model_server import changes
from tests.clients.driven import asked, work

SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def main() -> None:
    client, tmp_path = sys.argv[1], Path(sys.argv[2])
    _raise_loopback()
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", tmp_path / "resolv.conf", Path("/etc/resolv.conf").resolve()], check=True)
    names: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        threading.Thread(target=_answer, args=(server, names), daemon=True).start()
        subprocess.run(["getent", "hosts", "canary.invalid"], check=False)
        edit = changes(str(work(tmp_path) / "train.py"), "WIDTH = 4  # 1..64", "WIDTH = 8  # 1..64")
        answer = asked(client, edit, tmp_path)
    print(json.dumps({"answer": type(answer).__name__, "names": sorted(set(names))}))


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def _answer(server: socket.socket, names: list[str]) -> None:
    """There is no such name, whatever it is."""
    while True:
        query, sender = server.recvfrom(4096)
        labels, at = [], 12
        while length := query[at]:
            labels.append(query[at + 1 : at + 1 + length].decode(errors="replace"))
            at += 1 + length
        names.append(".".join(labels))
        server.sendto(query[:2] + b"\x81\x83" + query[4:6] + bytes(6) + query[12 : at + 5], sender)


if __name__ == "__main__":
    main()
