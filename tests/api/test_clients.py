"""Clients that are many, slow, or gone: nobody waits for them longer than a token, and nobody is forgotten."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from solar_chat.api import ApiOptions
from solar_chat.api.turnstile import Full, Turnstile
from solar_chat.engine import ScriptedBackend
from solar_chat.paths import STARTER_MODEL
from tests.api.house import USER, House, body, eventually, opened

LONG = ["가 "] * 300


def connect(house: House, request: dict[str, object], path: str = "/v1/chat/completions") -> socket.socket:
    """Send a request by hand and leave the answer to the test."""
    host, port = urlsplit(house.url).netloc.split(":")
    wire = socket.create_connection((host, int(port)), timeout=30)
    sent = json.dumps(request).encode()
    wire.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n".encode() + sent)
    return wire


def is_free(house: House) -> bool:
    status = json.loads(house.ask("GET", "/health")[2])
    return (status["running"], status["waiting"], house.engine.queue_length) == (0, 0, 0)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("guarded", [True, False])
def test_a_client_that_goes_away_stops_the_model(house: House, backend: ScriptedBackend, stream: bool, guarded: bool) -> None:
    backend.enqueue(LONG, delay_s=0.1)
    with connect(house, body(stream=stream, **({"speech_level": "formal"} if guarded else {}))):
        assert eventually(lambda: len(backend.requests) == 1)
        time.sleep(0.3)
    # A whole reply would take 30 s, a token 0.1 s.
    assert eventually(lambda: house.engine.queue_length == 0, 2)
    assert eventually(lambda: is_free(house))


def test_a_client_that_goes_away_while_it_waits_leaves_no_gap(house: House, backend: ScriptedBackend) -> None:
    for _ in range(2):
        backend.enqueue(LONG[:20], delay_s=0.05)
    first, second, third = connect(house, body()), connect(house, body()), connect(house, body())
    assert eventually(lambda: json.loads(house.ask("GET", "/health")[2])["waiting"] == 1)
    third.close()
    assert eventually(lambda: json.loads(house.ask("GET", "/health")[2])["waiting"] == 0)
    assert first.recv(15) == second.recv(15) == b"HTTP/1.1 200 OK"
    first.close()
    second.close()
    assert eventually(lambda: is_free(house))
    assert len(backend.requests) == 2


def test_many_streams_at_once_all_end_and_are_not_mixed_up(house: House, backend: ScriptedBackend) -> None:
    backend.enqueue(["처음"])

    def ask(number: int) -> str:
        stream: Any = client.chat.completions.create(**body(stream=True, user=f"client {number % 8}", max_tokens=3))
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    with house.client() as client, ThreadPoolExecutor(64) as pool:
        found = list(pool.map(ask, range(64)))
    assert sorted(found) == sorted(["안녕하세요."] * 63 + ["처음"])
    assert eventually(lambda: is_free(house))


def test_a_slow_reader_holds_nobody_up(house: House, backend: ScriptedBackend) -> None:
    backend.enqueue(["가나다라마바사아자차카타파하 " * 200] * 100)
    with connect(house, body(stream=True)) as slow:
        assert eventually(lambda: len(backend.requests) == 1)
        with house.client() as client:
            assert client.chat.completions.create(model="solar", messages=USER).choices[0].message.content == "안녕하세요."  # type: ignore[arg-type]
        received = b""
        while b"[DONE]" not in received[-100:]:
            received += slow.recv(2048 * 8)
    assert received.count("하".encode()) == 200 * 100


def test_a_full_queue_says_when_to_come_again(house: House, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        backend.enqueue(LONG[:10], delay_s=0.1)
    monkeypatch.setattr(Turnstile, "waiting", property(lambda self: 10_000 if self.running == 2 else 0))
    held = [connect(house, body()) for _ in range(2)]
    assert eventually(lambda: json.loads(house.ask("GET", "/health")[2])["running"] == 2)
    with house.client() as client, pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="solar", messages=USER)  # type: ignore[arg-type]
    assert caught.value.code == "rate_limit_exceeded"
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60
    for wire in held:
        wire.close()
    assert eventually(lambda: house.engine.queue_length == 0)


def order_of(arrivals: list[str], at_once: int = 1) -> list[str]:
    """In which order clients are let through that all came while the first was served."""

    async def run() -> list[str]:
        turnstile, done = Turnstile(lambda: at_once), list[str]()

        async def one(place: object, client: str) -> None:
            async with place:  # type: ignore[attr-defined]  # a Place
                await asyncio.sleep(0)
                done.append(client)

        await asyncio.gather(*(one(turnstile.enter(client), client) for client in arrivals))
        assert (turnstile.running, turnstile.waiting) == (0, 0)
        return done

    return asyncio.run(run())


def test_clients_take_turns() -> None:
    assert order_of(["a", "a", "a", "a", "b", "c", "b"]) == ["a", "a", "b", "c", "a", "b", "a"]


def test_the_turnstile_has_an_end() -> None:
    async def run() -> None:
        turnstile = Turnstile(lambda: 1, most_waiting=2)
        inside, *waiting = (turnstile.enter("a") for _ in range(3))
        with pytest.raises(Full) as caught:
            turnstile.enter("b")
        assert caught.value.retry_after_s >= 1
        turnstile.leave(waiting[0])
        turnstile.leave(waiting[0])
        assert turnstile.waiting == 1
        turnstile.enter("b")
        turnstile.leave(inside)
        assert (turnstile.running, turnstile.waiting) == (1, 1)

    asyncio.run(run())


def test_more_are_let_through_when_the_model_has_more_seats() -> None:
    async def run() -> None:
        seats = 1
        turnstile = Turnstile(lambda: seats)
        first, *_others = (turnstile.enter("a") for _ in range(6))
        assert (turnstile.running, turnstile.waiting) == (1, 5)
        seats = 4
        turnstile.leave(first)
        assert (turnstile.running, turnstile.waiting) == (4, 1)

    asyncio.run(run())


def test_many_streams_of_a_real_model_are_each_ones_own_and_the_page_is_answered_meanwhile(box: House) -> None:
    questions = ["안녕하세요?", "What can you do?", "설정은 어디에 저장돼?", "고마워!"]
    options: dict[str, Any] = {"model": "solar", "temperature": 0, "max_tokens": 12}

    def ask(number: int) -> str:
        said: Any = [{"role": "user", "content": questions[number % len(questions)]}]
        stream: Any = client.chat.completions.create(**options, messages=said, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    with box.client() as client, ThreadPoolExecutor(64) as pool:
        expected = [ask(number) for number in range(len(questions))]
        asked = [pool.submit(ask, number) for number in range(64)]
        assert eventually(lambda: box.engine.queue_length > 4)
        conversation = box.assistant.store.create()
        events = list(box.assistant.send(conversation.id, "페이지에서 묻습니다."))
        waiting = sum(not each.done() for each in asked)
        assert events
        found = [each.result() for each in asked]
    assert found == [expected[number % len(questions)] for number in range(64)]
    # The person at the page did not stand behind all of them.
    assert waiting > 0
    assert eventually(lambda: is_free(box))


def test_a_page_waits_for_no_more_than_what_is_let_through(house: House, backend: ScriptedBackend) -> None:
    for _ in range(6):
        backend.enqueue(["가 "] * 5, delay_s=0.05)
    with house.client() as client, ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(lambda: client.chat.completions.create(**body())) for _ in range(6)]
        assert eventually(lambda: len(backend.requests) >= 1)
        assert house.engine.queue_length <= 2
        assert all(each.result().choices[0].finish_reason == "stop" for each in asked)


def test_requests_wait_for_the_model_and_health_says_so(box: House) -> None:
    assert json.loads(box.ask("GET", "/health")[2])["status"] in ("idle", "ok")
    with box.client() as client:
        results: list[str] = []
        threads = [
            threading.Thread(
                target=lambda: results.append(client.chat.completions.create(model="solar", messages=USER, max_tokens=4).model)  # type: ignore[arg-type]
            )
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert results == ["starter"] * 3
    # A place is given back a moment after the last word was sent.
    assert eventually(lambda: json.loads(box.ask("GET", "/health")[2]) == {"status": "ok", "running": 0, "waiting": 0})


def test_a_model_that_could_not_be_loaded_is_tried_again(tmp_path: Path) -> None:
    missing = tmp_path / "later"
    with opened(tmp_path, ApiOptions()) as house:
        house.assistant.settings.update(model=str(missing))
        for _ in range(2):
            status, error = house.error("/v1/chat/completions", body(max_tokens=2))
            assert (status, error["code"]) == (503, "model_folder_missing")
            assert json.loads(house.ask("GET", "/health")[2])["status"] == "failed"
        shutil.copytree(STARTER_MODEL, missing)
        with house.client() as client:
            assert client.chat.completions.create(**body(max_tokens=2)).model == "later"
