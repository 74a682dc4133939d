"""OpenAI Chat Completions, which is also spoken by ollama, vLLM, llama.cpp, LM Studio, OpenRouter and most others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from overnight.propose.chat.dialect import End, Heard, Json, Message

ENDS = {"stop": End.DONE, "length": End.CUT, "content_filter": End.REFUSED}


class OpenAI:
    home = "https://api.openai.com/v1"
    key_name = "OPENAI_API_KEY"

    def address(self, base: str) -> str:
        """Local servers have it below /v1, and people leave that out."""
        base = base.rstrip("/")
        return f"{base}/chat/completions" if urlsplit(base).path else f"{base}/v1/chat/completions"

    def headers(self, key: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {key}"} if key else {}

    def body(self, model: str, messages: Sequence[Message]) -> Json:
        said = [{"role": message.role, "content": message.text} for message in messages]
        return {"model": model, "messages": said, "stream": True, "stream_options": {"include_usage": True}}

    def hear(self, event: Json, heard: Heard) -> None:
        if event.get("error"):
            heard.error = _error(event["error"])
        for choice in (event.get("choices") or ())[:1]:
            self._listen(choice.get("delta") or {}, choice.get("finish_reason"), heard)
        self._count(event, heard)

    def hear_whole(self, reply: Json, heard: Heard) -> None:
        if reply.get("error"):
            heard.error = _error(reply["error"])
            return
        choice = reply["choices"][0]
        self._listen(choice["message"], choice.get("finish_reason") or "stop", heard)
        self._count(reply, heard)

    def _listen(self, words: Json, reason: str | None, heard: Heard) -> None:
        """Thoughts, where they are sent, come under other names, and are not heard."""
        if isinstance(words.get("content"), str):
            heard.parts.append(words["content"])
        if reason:
            heard.end = ENDS.get(reason, End.DONE)
        if words.get("refusal"):
            heard.end = End.REFUSED

    def _count(self, event: Json, heard: Heard) -> None:
        usage = event.get("usage") or {}
        heard.into = usage.get("prompt_tokens", heard.into)
        heard.out = usage.get("completion_tokens", heard.out)


def _error(said: object) -> Mapping[str, object]:
    return said if isinstance(said, Mapping) else {"message": str(said)}
