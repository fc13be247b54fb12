"""Downloading from a hub of our own on this machine: the real client, real HTTP, no internet."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from solar_chat.errors import ModelError
from solar_chat.models import STARTER, Download, Form, ModelSpec, copies, fetch, remove, resolve
from solar_chat.models.transfer import Patience
from tests.models.downloading import BROUGHT, GOOD, WEIGHTS, brought, download, elsewhere, names, parts, refused, tiny_checkpoint
from tests.models.hub import COMMIT, StandInHub

# What comes


def test_it_brings_what_is_needed_and_nothing_else(site: StandInHub, cache: Path) -> None:
    steps: list[tuple[str, float]] = []
    spec = fetch(resolve("me/model"), cache, lambda stage, share: steps.append((stage, share)), endpoint=site.url)
    assert spec.path is not None
    assert names(spec.path) == BROUGHT
    assert not (cache / "outside.safetensors").exists()
    assert (spec.path / "model.safetensors").read_bytes() == WEIGHTS
    assert parts(cache) == []
    assert (spec.id, spec.name, spec.form) == ("me/model", "model", Form("safetensors", "me/model", "", 0))
    assert (spec.template, spec.context_tokens, spec.licence, spec.commercial) == ("chatml", 2048, "apache-2.0", True)
    assert {stage for stage, _ in steps} == {"download"}
    assert steps[-1] == ("download", 1.0)
    assert all(0 <= share <= 1 for _, share in steps)


def test_what_is_here_needs_no_network(site: StandInHub, cache: Path) -> None:
    first = fetch(resolve("me/model"), cache, endpoint=site.url)
    site.requests.clear()
    assert fetch(resolve("me/model"), cache, endpoint="http://127.0.0.1:9") == first
    assert site.requests == []


def test_only_what_is_missing_comes_again(site: StandInHub, cache: Path) -> None:
    first = brought(download(site, cache))
    (first / "model.safetensors").unlink()
    site.requests.clear()
    assert brought(download(site, cache)) == first
    assert site.got == [("model.safetensors", 0)]


def test_a_new_commit_brings_only_what_it_changed(site: StandInHub, cache: Path) -> None:
    first = brought(download(site, cache))
    (first / "config.json").unlink()
    changed = WEIGHTS[::-1]
    site.offer("me/model", {**GOOD, "model.safetensors": changed})
    site.commits["me/model"] = COMMIT[::-1]
    site.requests.clear()
    assert brought(download(site, cache)) == first
    assert sorted(name for name, _ in site.got) == ["config.json", "model.safetensors"]
    assert (first / "model.safetensors").read_bytes() == changed


def test_a_local_model_is_left_alone(cache: Path) -> None:
    assert fetch(STARTER, cache) is STARTER
    assert not cache.exists()
    with pytest.raises(ModelError, match="model_nothing_to_download"):
        Download(STARTER, cache)


def test_one_file_of_a_repository_of_many(hub: StandInHub, cache: Path) -> None:
    hub.offer("me/quants", {"model.Q4_K_M.gguf": WEIGHTS, "model.Q8_0.gguf": b"much more", "README.md": b"-"})
    form = Form("gguf", "me/quants", "Q4_K_M", 300_000, file="model.Q4_K_M.gguf")
    spec = ModelSpec("upstage/SOLAR-10.7B-Instruct-v1.0", "SOLAR", None, "solar", 4096, forms=(form,))
    path = fetch(spec, cache, endpoint=hub.url).path
    assert path == cache / "me--quants" / "model.Q4_K_M.gguf"
    assert hub.got == [("model.Q4_K_M.gguf", 0)]
    absent = Form("gguf", "me/quants", "Q2_K", 1, file="model.Q2_K.gguf")
    run = Download(ModelSpec("x/y", "y", None, "solar", 4096, forms=(absent,)), cache, endpoint=hub.url).start()
    run.wait(60)
    with pytest.raises(ModelError) as caught:
        run.result()
    told = {"model": "me/quants", "asked": "model.Q2_K.gguf", "known": "Q4_K_M, Q8_0"}
    assert (caught.value.key, caught.value.params) == ("gguf_unknown", told)


def test_a_mirror_that_lists_only_names(site: StandInHub, cache: Path) -> None:
    site.bare_listing = True
    assert names(brought(download(site, cache))) == BROUGHT
    site.replaced["config.json"] = GOOD["config.json"].replace(b"2048", b"4096")
    shutil.rmtree(cache)
    assert refused(site, cache).params == {"model": "me/model", "file": "config.json"}


def test_hf_endpoint_is_read_when_it_is_needed(site: StandInHub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", site.url + "/")
    assert fetch(resolve("me/model"), cache).path == cache / "me--model"


def test_the_token_goes_to_the_hub_and_not_to_its_storage(site: StandInHub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    brought(download(site, cache))
    sent = {(request.path.startswith("/lfs/"), request.headers.get("authorization")) for request in site.requests}
    assert sent == {(False, "Bearer hf_test"), (True, None)}


# A hub that says no


def test_offline_is_not_the_same_as_missing(site: StandInHub, cache: Path) -> None:
    site.repos.clear()
    assert refused(site, cache).key == "hub_unknown"
    gone = StandInHub(url="http://127.0.0.1:9")
    begun = time.monotonic()
    assert refused(gone, cache, Patience()).key == "hub_offline"
    assert time.monotonic() - begun < 5


def test_a_revision_that_does_not_exist(site: StandInHub, cache: Path) -> None:
    form = Form("safetensors", "me/model", "", 0, revision="v9")
    run = Download(ModelSpec("me/model", "model", None, "solar", 4096, forms=(form,)), cache, endpoint=site.url).start()
    run.wait(60)
    with pytest.raises(ModelError, match="hub_revision_missing"):
        run.result()


@pytest.mark.parametrize("token", [None, "hf_not_accepted"])
def test_a_gated_repository_says_where_its_terms_are(site: StandInHub, cache: Path, monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    if token is not None:
        monkeypatch.setenv("HF_TOKEN", token)
    site.gated.add("me/model")
    error = refused(site, cache)
    assert (error.key, error.params) == ("hub_gated", {"model": "me/model", "url": f"{site.url}/me/model"})


def test_a_token_that_is_not_valid(site: StandInHub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_old")
    site.failures = [(401, {"X-Error-Message": "Invalid credentials in Authorization header"})]
    assert refused(site, cache).key == "hub_token"


def test_hf_hub_offline_is_said_to_be_the_reason(site: StandInHub, cache: Path) -> None:
    assert elsewhere(site, cache, HF_HUB_OFFLINE="1") == "hub_switched_off"
    assert site.requests == []


def test_a_hub_that_is_down(site: StandInHub, cache: Path) -> None:
    site.down = True
    assert refused(site, cache).key == "hub_failed"
    assert len(site.requests) == 2


def test_a_bad_minute_is_waited_out(site: StandInHub, cache: Path) -> None:
    site.failures = [(502, {})]
    site.content_failures = [(500, {}), (503, {}), (504, {}), (408, {})]
    assert names(brought(download(site, cache))) == BROUGHT


@pytest.mark.parametrize("headers", [{"Retry-After": "1"}, {"ratelimit": '"resolvers";r=0;t=1'}, {"Retry-After": "DATE"}])
def test_a_busy_hub_is_waited_for_as_long_as_it_asks(site: StandInHub, cache: Path, headers: dict[str, str]) -> None:
    # A date has whole seconds.
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True)
    site.content_failures = [(429, {name: value.replace("DATE", soon) for name, value in headers.items()})]
    run = download(site, cache).start()
    seen = set()
    begun = time.monotonic()
    while (now := run.wait(0.02)).active:
        if now.state == "waiting":
            seen.add(now.wait_s > 0)
    # The last look may fall into the moment after the wait.
    assert True in seen
    assert run.progress.state == "done"
    assert time.monotonic() - begun >= 0.9


def test_a_hub_that_asks_for_an_hour_is_not_waited_for(site: StandInHub, cache: Path) -> None:
    site.content_failures = [(429, {"Retry-After": "3600"})]
    error = refused(site, cache)
    assert (error.key, error.params) == ("hub_busy", {"model": "me/model", "minutes": 60})
    site.failures = [(429, {"Retry-After": "600"})]
    assert refused(site, cache).params["minutes"] == 10


def test_pickles_are_refused_before_they_are_downloaded(site: StandInHub, cache: Path) -> None:
    site.offer("me/model", {name: GOOD[name] for name in ("config.json", "pytorch_model.bin", "tokenizer.json")})
    assert refused(site, cache).key == "model_only_pickle"
    assert site.got == []


# What is here


def test_removing_frees_what_it_says(site: StandInHub, cache: Path) -> None:
    site.offer("me/both", {**GOOD, "model.Q4_K_M.gguf": b"g" * 1000})
    brought(download(site, cache))
    safetensors = Form("safetensors", "me/both", "", 0)
    gguf = Form("gguf", "me/both", "Q4_K_M", 1000, file="model.Q4_K_M.gguf")
    for form in (safetensors, gguf):
        run = Download(ModelSpec("solar", "SOLAR", None, "solar", 4096, forms=(form,)), cache, endpoint=site.url).start()
        run.wait(60)
    here = {(copy.folder.name, copy.form.kind): copy for copy in copies(cache)}
    assert set(here) == {("me--both", "safetensors"), ("me--both", "gguf"), ("me--model", "safetensors")}
    assert all(copy.whole for copy in here.values())
    assert here["me--both", "gguf"].here_bytes == 1000
    remove(here["me--both", "safetensors"])
    assert names(cache / "me--both") == {"model.Q4_K_M.gguf"}
    remove(here["me--both", "gguf"])
    assert not (cache / "me--both").exists()
    assert [copy.folder.name for copy in copies(cache)] == ["me--model"]


def test_a_downloaded_model_loads_and_answers(hub: StandInHub, cache: Path, tmp_path: Path) -> None:
    hub.offer("me/tiny", tiny_checkpoint(tmp_path / "tiny"))
    hub.cuts = [10_000, 10_000, 10_000, 4096]
    spec = fetch(resolve("me/tiny"), cache, endpoint=hub.url)
    from safetensors import safe_open

    from solar_chat.engine import load_model
    from solar_chat.hardware import detect

    assert spec.path is not None
    with safe_open(spec.path / "model.safetensors", framework="pt") as weights:
        assert weights.get_tensor("model.embed_tokens.weight").shape == (300, 32)
    backend = load_model(spec, detect())
    assert backend.name == "me/tiny"
    assert backend.context_tokens == 128
