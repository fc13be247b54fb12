"""Downloads beside a model that answers, and loads that begin with a download."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from solar_chat.assistant import Assistant, LoadState
from solar_chat.engine import Engine
from solar_chat.errors import ModelError, OutOfMemory, SolarChatError
from tests.models.downloading import tiny_checkpoint
from tests.models.hub import StandInHub, running


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def hub(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    with running() as site:
        site.offer("me/tiny", tiny, parameters=30_000, license="cc-by-nc-4.0")
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        yield site


def followed(assistant: Assistant, model: str) -> list[LoadState]:
    """The states of a load until it is over."""
    assistant.start_loading(model, fall_back=False)
    seen = [assistant.load_state()]
    deadline = time.monotonic() + 120
    while seen[-1].stage not in ("ready", "failed"):
        assert time.monotonic() < deadline
        if (now := assistant.load_state()) != seen[-1]:
            seen.append(now)
        time.sleep(0.01)
    return seen


def test_a_download_runs_beside_the_model_that_answers(assistant: Assistant, hub: StandInHub) -> None:
    hub.bytes_per_second = 50_000
    told = assistant.offer("me/tiny")
    assert (told.spec.licence, told.spec.commercial, told.fit.verdict) == ("cc-by-nc-4.0", False, "fits")
    run = assistant.start_download("me/tiny")
    assert assistant.start_download("me/tiny") is run
    assert assistant.downloads() == (run,)
    # The worker is free: work for it is done while the download goes on.
    assert run.progress.active
    assert assistant.turn(assistant.request("안녕하세요")) is not None
    assert run.progress.active
    run.pause()
    assert run.wait(20).state == "paused"
    hub.bytes_per_second = None
    assert assistant.start_download("me/tiny") is run
    assert run.wait(20).state == "done"
    freed = assistant.remove_model("me/tiny")
    assert freed > 10_000
    assert assistant.downloads() == ()
    with pytest.raises(ModelError, match="model_not_downloaded"):
        assistant.remove_model("me/tiny")


def test_resuming_before_the_pause_came_through(assistant: Assistant, hub: StandInHub) -> None:
    hub.bytes_per_second = 50_000
    run = assistant.start_download("me/tiny")
    while run.progress.done_bytes < 2000:
        time.sleep(0.01)
    run.pause()
    run.resume()
    hub.bytes_per_second = None
    assert run.wait(20).state == "done"


def test_loading_a_model_that_is_not_here_downloads_it_first(assistant: Assistant, hub: StandInHub) -> None:
    hub.bytes_per_second = 100_000
    seen = followed(assistant, "me/tiny")
    assert seen[-1].stage == "ready", seen[-1]
    shares = [state.share for state in seen if state.stage == "downloading" and state.share is not None]
    assert len(shares) > 1
    assert shares == sorted(shares)
    assert [run.progress.state for run in assistant.downloads()] == ["done"]
    with pytest.raises(ModelError, match="model_in_use"):
        assistant.remove_model("me/tiny")
    hub.requests.clear()
    assert followed(assistant, "me/tiny")[-1].stage == "ready"
    assert hub.requests == []


def test_a_load_whose_download_is_stopped_says_so(assistant: Assistant, hub: StandInHub) -> None:
    hub.bytes_per_second = 20_000
    assistant.start_loading("me/tiny", fall_back=False)
    while not assistant.downloads() or assistant.downloads()[0].progress.done_bytes < 1000:
        time.sleep(0.01)
    assistant.downloads()[0].cancel()
    with pytest.raises(SolarChatError, match="download_stopped"):
        assistant.wait_ready()
    assert assistant.load_state().stage == "failed"
    assert assistant.downloads() == ()


def test_nobody_waits_for_a_download_that_cannot_be_loaded(assistant: Assistant, hub: StandInHub, tiny: Path) -> None:
    hub.offer("me/huge", tiny, parameters=10**13)
    state = followed(assistant, "me/huge")[-1]
    assert isinstance(state.error, OutOfMemory)
    assert state.error.key == "memory_too_small"
    # Its configuration tells how much it takes.
    assert hub.got == [("config.json", 0)]


def test_closing_during_the_first_download_loads_no_other_model(assistant: Assistant, hub: StandInHub, monkeypatch: pytest.MonkeyPatch) -> None:
    assistant.machine.engine._drop_backend()
    loaded: list[object] = []
    monkeypatch.setattr("solar_chat.assistant.switching.load_model", lambda *given, **_: loaded.append(given))
    hub.bytes_per_second = 20_000
    assistant.start_loading("me/tiny")
    waiting = assistant.ready()
    while not assistant.downloads() or assistant.downloads()[0].progress.done_bytes < 1000:
        time.sleep(0.01)
    assistant.close()
    with pytest.raises(SolarChatError):
        waiting.result(20)
    assert loaded == []
    assert assistant.load_state().error is None


def test_closing_keeps_what_has_come(assistant: Assistant, hub: StandInHub) -> None:
    hub.bytes_per_second = 20_000
    run = assistant.start_download("me/tiny")
    while run.progress.done_bytes < 2000:
        time.sleep(0.01)
    assistant.close()
    assert run.progress.state == "paused"
    assert isinstance(assistant.machine.engine, Engine)
    assert sum(path.stat().st_size for path in assistant.home.models.rglob(".parts/*")) > 0
