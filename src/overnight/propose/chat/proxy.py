"""The proxy that a person's environment names, as curl and others read it: `https_proxy`, `http_proxy`, `no_proxy`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Proxy:
    host: str
    port: int
    headers: Mapping[str, str] = field(default_factory=dict)


def find_proxy(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """For `url`; this machine itself is never asked by way of another."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = environ.get(f"{parts.scheme}_proxy") or environ.get(f"{parts.scheme}_proxy".upper()) or ""
    spared = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if not named or host in LOCAL or any(_covers(word.strip(), host) for word in spared.split(",")):
        return None
    proxy = urlsplit(named if "//" in named else f"//{named}")
    if not proxy.hostname:
        return None
    login = f"{unquote(proxy.username or '')}:{unquote(proxy.password or '')}".encode()
    headers = {"Proxy-Authorization": f"Basic {b64encode(login).decode()}"} if proxy.username else {}
    return Proxy(proxy.hostname, proxy.port or 8080, headers)


def _covers(word: str, host: str) -> bool:
    word = word.lstrip(".")
    return word == "*" or (bool(word) and (host == word or host.endswith(f".{word}")))
