"""What is said before a download: by the catalogue, or by the hub about a model that the catalogue does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from solar_chat.errors import ModelError
from solar_chat.models import EEVE, SOLAR, Download, downloaded, offer, resolve
from tests.models.hub import StandInHub
from tests.models.test_fit import GB, LAPTOP

FILES = {"config.json": b'{"model_type": "llama"}', "model.safetensors": b"w" * 1000, "pytorch_model.bin": b"p" * 9000}


def test_the_catalogue_knows_without_asking(tmp_path: Path) -> None:
    found = offer(resolve("solar"), tmp_path, LAPTOP, endpoint="http://127.0.0.1:9")
    assert (found.spec.licence, found.spec.commercial) == ("CC-BY-NC-4.0", False)
    # What this machine would take is what will be fetched.
    assert found.spec.form == SOLAR.forms[1] == found.fit.form
    assert (found.fit.verdict, found.fit.download_bytes, found.here, found.instead) == ("fits", 6_461_667_936, None, None)
    assert offer(resolve("solar:safetensors"), tmp_path, LAPTOP).spec.form == SOLAR.forms[0]


def test_the_hub_is_asked_about_the_rest(hub: StandInHub, tmp_path: Path) -> None:
    hub.offer("me/model", FILES, parameters=3_000_000_000, license="cc-by-nc-sa-4.0")
    found = offer(resolve("me/model"), tmp_path, LAPTOP, endpoint=hub.url)
    assert (found.spec.licence, found.spec.commercial, found.spec.parameters) == ("cc-by-nc-sa-4.0", False, 3_000_000_000)
    # Pickles are not fetched, so they do not count.
    assert (found.fit.verdict, found.fit.download_bytes) == ("fits", 1023)
    # Of its files only the configuration is looked at.
    assert hub.got == [("config.json", 0)]
    assert len(hub.requests) == 2


def test_what_would_run_instead_is_named(hub: StandInHub, tmp_path: Path) -> None:
    hub.offer("me/huge", FILES, parameters=70_000_000_000)
    found = offer(resolve("me/huge"), tmp_path, LAPTOP, endpoint=hub.url)
    assert (found.fit.verdict, found.instead, found.spec.licence, found.spec.commercial) == ("too_large", EEVE, None, None)


def test_what_was_broken_off_is_told_without_the_hub(hub: StandInHub, tmp_path: Path) -> None:
    hub.offer("me/model", FILES, parameters=2 * GB, license="mit")
    hub.content_failures = [(404, {})]
    Download(resolve("me/model"), tmp_path, endpoint=hub.url).start().wait(30)
    # Nothing came, so nothing is here.
    assert downloaded(tmp_path) == ()
    hub.content_failures = []
    hub.offer("me/model", {**FILES, "model.safetensors": b"w" * 999}, parameters=2 * GB, license="mit")
    hub.replaced["model.safetensors"] = b"r" * 999
    Download(resolve("me/model"), tmp_path, endpoint=hub.url).start().wait(30)
    found = offer(resolve("me/model"), tmp_path, LAPTOP, endpoint="http://127.0.0.1:9")
    assert (found.spec.licence, found.spec.parameters, found.fit.download_bytes) == ("mit", 2 * GB, 1022)
    assert found.here is not None
    assert (found.here.whole, found.here.here_bytes, found.here.total_bytes) == (False, 23, 1022)
    assert [spec.id for spec in downloaded(tmp_path)] == ["me/model"]


@pytest.mark.parametrize(("name", "key"), [("starter", "model_nothing_to_download"), ("solar-pro-preview", "model_refused")])
def test_some_have_nothing_to_offer(tmp_path: Path, name: str, key: str) -> None:
    with pytest.raises(ModelError, match=key):
        offer(resolve(name), tmp_path, LAPTOP)
    with pytest.raises(ModelError, match="hub_offline"):
        offer(resolve("some/model"), tmp_path, LAPTOP, endpoint="http://127.0.0.1:9")


def test_an_estimated_size_is_counted_before_the_download(hub: StandInHub, tmp_path: Path) -> None:
    assert EEVE.forms[1].repo is not None
    assert (EEVE.forms[1].estimated, SOLAR.forms[1].estimated) == (True, False)
    offline = offer(resolve("eeve"), tmp_path, LAPTOP, endpoint="http://127.0.0.1:9").fit
    assert offline.form == EEVE.forms[1]
    hub.offer(
        EEVE.forms[1].repo, {"EEVE-Korean-Instruct-10.8B-v1.0-Q4_K_M.gguf": b"g" * 5000, "EEVE-Korean-Instruct-10.8B-v1.0-Q8_0.gguf": b"g" * 9000}
    )
    found = offer(resolve("eeve"), tmp_path, LAPTOP, endpoint=hub.url)
    assert found.spec.form is not None
    assert (found.fit.download_bytes, found.spec.form.download_bytes, found.spec.form.estimated) == (5000, 5000, False)
    assert found.fit.disk_bytes == 5000 + GB
    assert (found.spec.licence, found.spec.template) == ("Apache-2.0", "eeve")
