"""Lines that break, contents that are wrong and disks that fill up: what has come is kept, and what is wrong is not."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from solar_chat.models import copies
from tests.models.downloading import BROUGHT, GOOD, QUICK, WEIGHTS, another_program, brought, download, elsewhere, parts, refused
from tests.models.hub import StandInHub, sha256

# A line that breaks


@pytest.mark.parametrize("tenth", range(10))
def test_a_line_cut_at_any_tenth_goes_on_there(site: StandInHub, cache: Path, tenth: int) -> None:
    at = tenth * len(WEIGHTS) // 10
    # The three small files come first, whole.
    site.cuts = [10_000, 10_000, 10_000, at]
    assert (brought(download(site, cache)) / "model.safetensors").read_bytes() == WEIGHTS
    assert [first for name, first in site.got if name == "model.safetensors"] == [0, at]


def test_a_line_that_breaks_all_the_time_still_arrives(site: StandInHub, cache: Path) -> None:
    site.cuts = [10_000, 10_000, 10_000, *[25_000] * 11]
    assert (brought(download(site, cache)) / "model.safetensors").read_bytes() == WEIGHTS
    assert [first for name, first in site.got if name == "model.safetensors"] == list(range(0, 300_000, 25_000))


def test_a_line_that_is_gone_keeps_the_part(site: StandInHub, cache: Path) -> None:
    site.cuts = [10_000, 10_000, 10_000, 120_000, 0, 0, 0, 0]
    error = refused(site, cache)
    assert (error.key, error.params["hub"]) == ("hub_offline", site.url)
    assert [part.stat().st_size for part in parts(cache)] == [120_000]
    (left,) = copies(cache)
    assert (left.whole, left.here_bytes - 120_000) == (False, sum(len(GOOD[name]) for name in BROUGHT - {"model.safetensors"}))
    site.requests.clear()
    assert (brought(download(site, cache)) / "model.safetensors").read_bytes() == WEIGHTS
    assert site.got == [("model.safetensors", 120_000)]


def test_a_line_that_falls_silent_is_given_up(site: StandInHub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solar_chat.models.hub.READ_TIMEOUT_S", 0.3)
    site.cuts, site.silence_s = [10_000, 10_000, 10_000, 100_000], 5.0
    begun = time.monotonic()
    assert (brought(download(site, cache)) / "model.safetensors").read_bytes() == WEIGHTS
    assert ("model.safetensors", 100_000) in site.got
    assert time.monotonic() - begun < 4


def test_a_server_without_ranges_begins_anew(site: StandInHub, cache: Path) -> None:
    site.cuts, site.ignores_ranges = [10_000, 10_000, 10_000, 100_000], True
    run = download(site, cache)
    assert (brought(run) / "model.safetensors").read_bytes() == WEIGHTS
    assert run.progress.done_bytes == run.progress.total_bytes


def test_a_kill_leaves_a_part_that_the_next_run_goes_on_with(site: StandInHub, cache: Path) -> None:
    site.bytes_per_second = 200_000
    process = another_program(site, cache)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (part,) = parts(cache)
    have = part.stat().st_size
    assert 50_000 < have < 300_000
    site.bytes_per_second = None
    site.requests.clear()
    brought(download(site, cache))
    assert site.got == [("model.safetensors", have)]
    assert sha256((cache / "me--model" / "model.safetensors").read_bytes()) == sha256(WEIGHTS)


# Contents that are wrong


def test_a_file_with_a_wrong_checksum_is_deleted(site: StandInHub, cache: Path) -> None:
    site.replaced["model.safetensors"] = WEIGHTS[:-1] + b"!"
    error = refused(site, cache)
    assert (error.key, error.params) == ("hub_checksum", {"model": "me/model", "file": "model.safetensors"})
    assert parts(cache) == []
    assert not (cache / "me--model" / "model.safetensors").exists()
    # Nothing calls it downloaded.
    assert [copy.whole for copy in copies(cache)] == [False]
    site.replaced.clear()
    assert (brought(download(site, cache)) / "model.safetensors").read_bytes() == WEIGHTS


def test_small_files_are_checked_by_their_git_id(site: StandInHub, cache: Path) -> None:
    site.replaced["tokenizer.json"] = GOOD["tokenizer.json"].replace(b"im_start", b"im_stort")
    assert refused(site, cache).params["file"] == "tokenizer.json"


@pytest.mark.parametrize("ignores_ranges", [False, True])
def test_less_than_the_file_holds_does_not_go_on_for_ever(site: StandInHub, cache: Path, ignores_ranges: bool) -> None:
    site.replaced["model.safetensors"], site.ignores_ranges = WEIGHTS[:1000], ignores_ranges
    assert refused(site, cache).key == "hub_failed"
    assert len([name for name, _ in site.got if name == "model.safetensors"]) <= 2 * QUICK.tries


@pytest.mark.parametrize("sent", [WEIGHTS + b"more", WEIGHTS * 2])
def test_more_than_the_file_holds_is_wrong_too(site: StandInHub, cache: Path, sent: bytes) -> None:
    site.replaced["model.safetensors"] = sent
    assert refused(site, cache).key == "hub_checksum"


def test_a_part_that_a_power_cut_spoiled_is_fetched_anew(site: StandInHub, cache: Path) -> None:
    site.cuts = [10_000, 10_000, 10_000, 120_000, 0, 0, 0, 0]
    refused(site, cache)
    (part,) = parts(cache)
    part.write_bytes(part.read_bytes()[:-4096] + bytes(4096))
    site.requests.clear()
    run = download(site, cache)
    assert (brought(run) / "model.safetensors").read_bytes() == WEIGHTS
    assert site.got == [("model.safetensors", 120_000), ("model.safetensors", 0)]
    assert run.progress.done_bytes == run.progress.total_bytes


def test_a_part_longer_than_its_file_is_fetched_anew(site: StandInHub, cache: Path) -> None:
    site.cuts = [10_000, 10_000, 10_000, 120_000, 0, 0, 0, 0]
    refused(site, cache)
    parts(cache)[0].write_bytes(WEIGHTS * 2)
    assert (brought(download(site, cache)) / "model.safetensors").read_bytes() == WEIGHTS


# The disk


def test_a_disk_that_is_too_small_is_noticed_before_the_download(site: StandInHub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(cache.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_100_000))
    error = refused(site, cache)
    assert (error.key, error.params["free_gb"]) == ("disk_too_small", "1.0")
    assert site.got == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)], check=False, capture_output=True)
    if done.returncode != 0:
        pytest.skip("mounting a tmpfs takes rights that are not here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_fills_up_keeps_the_part(site: StandInHub, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    # Somebody else takes the room after the check.
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**12))
    error = refused(site, small_disk)
    assert (error.key, error.params["model"]) == ("download_disk_full", "me/model")
    (part,) = parts(small_disk)
    have = part.stat().st_size
    assert 100_000 < have < 200_000
    assert WEIGHTS.startswith(part.read_bytes())
    subprocess.run(["mount", "-o", "remount,size=2m", str(small_disk)], check=True)
    site.requests.clear()
    assert (brought(download(site, small_disk)) / "model.safetensors").read_bytes() == WEIGHTS
    assert site.got == [("model.safetensors", have)]


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_FSIZE")
def test_a_limit_on_the_size_of_files_is_a_full_disk_too(site: StandInHub, cache: Path) -> None:
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))"
    assert elsewhere(site, cache, limit) == "download_disk_full"
    assert [part.stat().st_size for part in parts(cache)] == [150_000]


def test_what_nobody_expected_is_told_and_logged(
    site: StandInHub, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("solar_chat.models.download.transfer", broken)
    assert refused(site, cache).key == "hub_failed"
    assert [(record.getMessage(), record.exc_info is not None) for record in caplog.records] == [("a download failed", True)]
