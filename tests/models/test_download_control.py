"""Pause, resume, cancel, and two downloads of the same."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from solar_chat.errors import ModelError
from solar_chat.models import copies, fetch, remove, resolve
from solar_chat.models.transfer import Patience
from tests.models.downloading import BROUGHT, GOOD, another_program, brought, download, names, parts, until
from tests.models.hub import StandInHub


def test_pause_and_resume(site: StandInHub, cache: Path) -> None:
    site.bytes_per_second = 200_000
    run = download(site, cache).start()
    until(run, 80_000)
    moving = run.progress
    assert (moving.state, moving.file, moving.total_bytes) == ("downloading", "model.safetensors", sum(len(GOOD[name]) for name in BROUGHT))
    assert moving.bytes_per_second is not None
    assert moving.seconds_left is not None
    assert 20_000 < moving.bytes_per_second < 800_000
    run.pause()
    paused = run.wait(10)
    assert (paused.state, paused.bytes_per_second, paused.error) == ("paused", None, None)
    with pytest.raises(ModelError, match="download_stopped"):
        run.result()
    have = parts(cache)[0].stat().st_size
    assert 80_000 - 400 < have < 300_000
    site.bytes_per_second = None
    site.requests.clear()
    run.resume()
    assert run.wait(60).state == "done"
    assert site.got == [("model.safetensors", have)]


def test_cancel_deletes_what_has_come(site: StandInHub, cache: Path) -> None:
    site.bytes_per_second = 200_000
    run = download(site, cache).start()
    until(run, 50_000)
    run.cancel()
    assert run.wait(10).state == "cancelled"
    assert copies(cache) == ()
    assert not (cache / "me--model").exists()


def test_cancel_while_the_hub_is_asked(site: StandInHub, cache: Path) -> None:
    site.failures = [(429, {"Retry-After": "30"})] * 9
    run = download(site, cache, Patience(first_wait_s=30)).start()
    while not site.requests:
        time.sleep(0.01)
    run.cancel()
    now = run.wait(10)
    assert (now.state, now.error) == ("cancelled", None)


def test_cancel_of_a_paused_one_deletes_too(site: StandInHub, cache: Path) -> None:
    site.bytes_per_second = 200_000
    run = download(site, cache).start()
    until(run, 50_000)
    run.pause()
    run.wait(10)
    run.cancel()
    assert (run.progress.state, run.progress.done_bytes) == ("cancelled", 0)
    assert not (cache / "me--model").exists()


def test_cancel_does_not_touch_a_finished_one(site: StandInHub, cache: Path) -> None:
    run = download(site, cache)
    folder = brought(run)
    run.cancel()
    assert names(folder) == BROUGHT
    assert run.progress.state == "done"


def test_the_second_of_two_waits_and_finds_everything(site: StandInHub, cache: Path) -> None:
    site.bytes_per_second = 200_000
    first = download(site, cache).start()
    until(first, 20_000)
    second = download(site, cache).start()
    while second.progress.state == "asking":
        time.sleep(0.01)
    assert second.progress.state == "waiting"
    assert first.wait(60).state == "done"
    assert second.wait(60).state == "done"
    assert second.result() == first.result()
    assert [name for name, _ in site.got].count("model.safetensors") == 1


def test_another_program_that_downloads_the_same_is_waited_for(site: StandInHub, cache: Path) -> None:
    site.bytes_per_second = 200_000
    process = another_program(site, cache)
    run = download(site, cache).start()
    while run.progress.state == "asking":
        time.sleep(0.01)
    assert run.progress.state == "waiting"
    with pytest.raises(ModelError, match="model_being_downloaded"):
        remove(copies(cache)[0])
    assert process.wait(60) == 0
    assert run.wait(60).state == "done"
    assert [name for name, _ in site.got].count("model.safetensors") == 1


def test_calling_off_the_second_leaves_the_first_alone(site: StandInHub, cache: Path) -> None:
    site.bytes_per_second = 200_000
    first = download(site, cache).start()
    until(first, 20_000)
    second = download(site, cache).start()
    third = download(site, cache)
    third.cancel()
    second.cancel()
    assert (second.wait(10).state, third.progress.state) == ("cancelled", "cancelled")
    assert first.wait(60).state == "done"


def test_breaking_off_the_waiting_pauses(site: StandInHub, cache: Path) -> None:
    site.bytes_per_second = 100_000

    def interrupt(_stage: str, share: float) -> None:
        if share > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(resolve("me/model"), cache, interrupt, endpoint=site.url)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("download-")]
    assert parts(cache)[0].stat().st_size > 20_000
