"""Clients that ask one streamed completion after another, each on a connection of its own, and remember when the first word came.

Written on sockets: 64 real clients of a library would take more of the machine than the servers that are measured.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

# What was asked before the end is answered, or lost.
GRACE_S: Final = 180.0


@dataclass(slots=True)
class Client:
    """What one client got."""

    first_s: list[float] = field(default_factory=list)
    """From sending a request to its first text."""
    whole_s: list[float] = field(default_factory=list)
    characters: int = 0
    refused: int = 0
    """429: asked again when the server said."""
    lost: list[str] = field(default_factory=list)
    """Why a request was not answered to its end."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked, and of whom."""

    port: int
    body: dict[str, Any]
    """All but the prompt."""
    prompts: Sequence[str]
    clients: int
    seconds: float


async def run(load: Load) -> list[Client]:
    """Ask for `load.seconds`; ends when the last request does."""
    end = time.monotonic() + load.seconds
    clients = [Client() for _ in range(load.clients)]
    await asyncio.gather(*(_ask_until(load, client, number, end) for number, client in enumerate(clients)))
    return clients


async def _ask_until(load: Load, client: Client, number: int, end: float) -> None:
    turn = number
    while time.monotonic() < end:
        prompt = load.prompts[turn % len(load.prompts)]
        turn += load.clients
        try:
            async with asyncio.timeout(max(0.0, end - time.monotonic()) + GRACE_S):
                wait_s = await _ask(load, client, prompt)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
            client.lost.append(f"{type(error).__name__} {error}"[:80])
            wait_s = 0.1
        await asyncio.sleep(wait_s)


async def _ask(load: Load, client: Client, prompt: str) -> float:
    """One request; how long to wait before the next."""
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
    try:
        sent = json.dumps({**load.body, "prompt": prompt, "stream": True}).encode()
        head = f"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
        began = time.monotonic()
        writer.write(head.encode() + sent)
        status, headers = await _head(reader)
        if status == 429:
            client.refused += 1
            return float(headers.get("retry-after", "1"))
        if status != 200:
            raise ValueError(f"HTTP {status}")
        first = 0.0
        finished = False
        async for event in _events(reader):
            if "error" in event:
                raise ValueError(str(event["error"]))
            for choice in event.get("choices", ()):
                first = first or (time.monotonic() - began if choice["text"] else 0.0)
                client.characters += len(choice["text"])
                finished |= choice.get("finish_reason") is not None
        if not finished:
            raise ValueError("no finish_reason")
        client.first_s.append(first or time.monotonic() - began)
        client.whole_s.append(time.monotonic() - began)
        return 0.0
    finally:
        writer.close()


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    return int(lines[0].split()[1]), headers


async def _events(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    """The JSON of a chunked stream's `data:` lines, up to its end."""
    rest = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        rest += (await reader.readexactly(size + 2))[:-2]
        *lines, rest = rest.split(b"\n")
        for line in lines:
            if line.startswith(b"data:") and line.strip() != b"data: [DONE]":
                yield json.loads(line[5:])
