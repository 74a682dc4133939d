"""Anthropic Messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from overnight.propose.chat.dialect import End, Heard, Json, Message

VERSION = "2023-06-01"
MOST_TOKENS = 32_000
"""Of an answer: the service wants a limit, and all models of today allow this one. `body.max_tokens=` says another."""

ENDS = {"max_tokens": End.CUT, "model_context_window_exceeded": End.CUT, "refusal": End.REFUSED}


class Anthropic:
    home = "https://api.anthropic.com"
    key_name = "ANTHROPIC_API_KEY"

    def address(self, base: str) -> str:
        base = base.rstrip("/")
        return f"{base}/messages" if base.endswith("/v1") else f"{base}/v1/messages"

    def headers(self, key: str) -> Mapping[str, str]:
        return {"anthropic-version": VERSION} | ({"x-api-key": key} if key else {})

    def body(self, model: str, messages: Sequence[Message]) -> Json:
        said = [{"role": message.role, "content": message.text} for message in messages]
        return {"model": model, "max_tokens": MOST_TOKENS, "messages": said, "stream": True}

    def hear(self, event: Json, heard: Heard) -> None:
        match event["type"]:
            case "message_start":
                self._count(event["message"].get("usage"), heard)
            case "content_block_delta" if event["delta"]["type"] == "text_delta":
                heard.parts.append(event["delta"]["text"])
            case "message_delta":
                self._count(event.get("usage"), heard)
                if reason := event["delta"].get("stop_reason"):
                    heard.end = ENDS.get(reason, End.DONE)
            case "error":
                heard.error = event["error"]

    def hear_whole(self, reply: Json, heard: Heard) -> None:
        if reply.get("type") == "error":
            heard.error = reply["error"]
            return
        heard.parts += [block["text"] for block in reply["content"] if block["type"] == "text"]
        self._count(reply.get("usage"), heard)
        heard.end = ENDS.get(reply.get("stop_reason") or "", End.DONE)

    def _count(self, usage: Json | None, heard: Heard) -> None:
        """What was read from or written to a cache is counted apart, and is paid for, too."""
        usage = usage or {}
        into = [usage.get(name) for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")]
        if into[0] is not None:
            heard.into = max(heard.into or 0, sum(count or 0 for count in into))
        heard.out = usage.get("output_tokens", heard.out)
