"""The serving benchmark, a second long and on our server alone: it runs, counts every request, and its page holds what it measured."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from benchmarks.serving.__main__ import Measured, row
from benchmarks.serving.clients import Client, Load, run
from benchmarks.serving.servers import Server

ROOT = Path(__file__).resolve().parents[2]
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(text: bytes) -> bytes:
    return f"{len(text):x}\r\n".encode() + text + b"\r\n"


def answers(*replies: bytes) -> list[Client]:
    """What one client makes of a server that gives `replies`, one a connection, and the last one again and again."""

    async def measure() -> list[Client]:
        left = list(replies)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"}")
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            return await run(Load(server.sockets[0].getsockname()[1], {}, ["x"], 1, 0.4))

    return asyncio.run(measure())


def test_an_event_may_be_cut_anywhere() -> None:
    whole = b'data: {"choices": [{"text": "\xea\xb0\x80", "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    (client,) = answers(STREAM + chunked(whole[:31]) + chunked(whole[31:]) + b"0\r\n\r\n")
    assert client.lost == []
    assert len(client.first_s) == len(client.whole_s) == client.characters > 1


def test_what_is_broken_off_is_lost_and_what_is_refused_is_asked_again() -> None:
    (client,) = answers(
        b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\n\r\n",
        STREAM + chunked(b'data: {"choices": [{"text": "a"}]}\n\n'),
        STREAM + chunked(b'data: {"choices": [{"text": "a"}]}\n\n') + b"0\r\n\r\n",
        STREAM + chunked(b'data: {"error": "broken"}\n\n') + b"0\r\n\r\n",
        b"HTTP/1.1 500 Oops\r\n\r\n",
    )
    assert client.refused == 1
    assert [reason.split()[0] for reason in client.lost[:4]] == ["IncompleteReadError", "ValueError", "ValueError", "ValueError"]
    assert client.whole_s == []


def test_a_row_says_who_got_least() -> None:
    clients = [Client([0.1, 0.3], [1.0, 1.0], 40), Client([0.2], [2.0], 20, refused=3, lost=["x"])]
    assert row(Measured(Server("s", (), "m"), clients)) == "| s | 3 | 1 | 3 | 1 – 2 | 0.20 | 0.29 | 1.90 | 30 |"
    assert "it did not start" in row(Measured(Server("s", (), "m"), [], "it did not start"))


def test_the_command_writes_its_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.serving", "--clients", "3", "--seconds", "1", "--tokens", "4", "--no-peers"]
    done = subprocess.run([*command, "--out", str(tmp_path / "page.md")], cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in (tmp_path / "page.md").read_text(encoding="utf-8").splitlines() if line.startswith("| python app.py serve")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert int(cells[1]) >= 3
    assert cells[2:4] == ["0", "0"]
