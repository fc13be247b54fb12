"""Stop, wherever a reply of a server stands: the connection is closed, and the next request works."""

from __future__ import annotations

import threading

import pytest

from solar_chat.engine import Engine, Event, TextPiece
from tests.engine.openai_server import Answer, chunk, refuses, says, talks
from tests.engine.remote_run import ASKED, END, Start, fails, last, run, text_of


class TestStop:
    def test_while_the_server_says_nothing(self, start: Start) -> None:
        left = threading.Event()

        def script(answer: Answer) -> None:
            if answer.gone(10):
                left.set()

        backend, _ = start(script, says("다시", *END))
        stop = threading.Event()
        threading.Timer(0.2, stop.set).start()
        events = run(backend, stop=stop)
        assert (last(events).reason, last(events).reply_tokens) == ("cancelled", 0)
        assert last(events).seconds < 3
        assert left.wait(3)
        assert text_of(run(backend)) == "다시"

    @pytest.mark.parametrize("way", ["stop", "close"])
    def test_in_the_middle(self, start: Start, way: str) -> None:
        left = threading.Event()

        def script(answer: Answer) -> None:
            answer.begin()
            for piece in ("하나", " 둘", " 셋"):
                answer.event(chunk(piece))
            if answer.gone(10):
                left.set()

        backend, _ = start(script, says("다시", *END))
        stop = threading.Event()
        stream = backend.stream(ASKED, stop)
        said = ""
        for event in stream:
            if isinstance(event, TextPiece):
                said += event.text
                if way == "close":
                    stream.close()  # type: ignore[attr-defined]  # it is a generator
                    break
                stop.set()
        assert said == "하나"
        assert left.wait(3)
        assert text_of(run(backend)) == "다시"

    def test_closing_the_backend_under_a_reply(self, start: Start) -> None:
        backend, _ = start(talks(["하나 "] * 50, pause_s=0.02))
        stream = backend.stream(ASKED, threading.Event())
        while not isinstance(next(stream), TextPiece):
            pass
        backend.close()
        stream.close()  # type: ignore[attr-defined]  # it is a generator

    def test_between_two_tries(self, start: Start) -> None:
        backend, server = start(refuses(503, {}, retry_after="15"))
        stop = threading.Event()
        threading.Timer(0.3, stop.set).start()
        assert last(run(backend, stop=stop)).seconds < 5
        assert len(server.seen) == 1

    def test_from_the_page_through_the_worker(self, start: Start) -> None:
        backend, _ = start(talks(["하나 ", "둘 ", "셋 "] * 200, pause_s=0.02))
        engine = Engine()
        engine.load(lambda: backend)
        stream = engine.stream(ASKED)
        events: list[Event] = []
        for event in stream:
            events.append(event)
            if isinstance(event, TextPiece):
                stream.stop()
        assert last(events).reason == "cancelled"
        assert last(events).reply_tokens < 10
        engine.close()
        assert fails(backend)[0].key == "engine_closed"
