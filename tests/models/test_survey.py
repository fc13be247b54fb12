"""The list of all models: what was added, what is here, what is gone; without asking any hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from solar_chat.errors import ModelError, SolarChatError
from solar_chat.models import CATALOG, AddedModels, Listed, introduce, resolve, survey
from solar_chat.models.describe import commercial_use
from tests.models.downloading import GOOD, brought, download
from tests.models.hub import StandInHub
from tests.models.test_fit import LAPTOP


def by_name(found: tuple[Listed, ...]) -> dict[str, Listed]:
    return {each.name: each for each in found}


def folder(tmp_path: Path) -> Path:
    mine = tmp_path / "내 모델"
    mine.mkdir()
    (mine / "config.json").write_bytes(GOOD["config.json"])
    return mine


def test_without_anything_of_ones_own_it_is_the_catalogue(cache: Path) -> None:
    found = survey((), cache, LAPTOP)
    assert [each.spec for each in found] == list(CATALOG)
    assert not any(each.added or each.copies or each.problem for each in found)
    refused = by_name(found)["upstage/solar-pro-preview-instruct"]
    assert refused.instead is not None
    assert [fit.verdict for fit in refused.fits] == ["refused"]


def test_what_was_added_is_listed_once_with_what_is_here_of_it(site: StandInHub, cache: Path, tmp_path: Path) -> None:
    brought(download(site, cache))
    mine = folder(tmp_path)
    names = ("me/model", str(mine), "upstage:solar-pro4", "eeve", "/nowhere")
    found = survey(names, cache, LAPTOP)
    assert [each.name for each in found[len(CATALOG) :]] == ["me/model", str(mine), "upstage:solar-pro4", "/nowhere"]
    listed = by_name(found)
    assert [copy.whole for copy in listed["me/model"].copies] == [True]
    assert listed["me/model"].fits[0].download_bytes == 0
    assert listed["upstage:solar-pro4"].fits == ()
    gone = listed["/nowhere"]
    assert gone.spec is None
    assert isinstance(gone.problem, ModelError)
    assert gone.problem.key == "model_folder_missing"
    assert all(listed[name].added for name in ("me/model", str(mine), "upstage:solar-pro4", "/nowhere"))


def test_a_folder_is_judged_by_the_size_of_its_files(cache: Path, tmp_path: Path) -> None:
    mine = folder(tmp_path)
    for name in ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"):
        with (mine / name).open("wb") as file:
            file.truncate(10_000_000_000)
    (mine / "config.json").write_text('{"model_type": "llama", "torch_dtype": "bfloat16"}')
    listed = by_name(survey((str(mine),), cache, LAPTOP))[str(mine)]
    assert listed.spec is not None
    assert (listed.spec.parameters, listed.fits[0].verdict, listed.fits[0].weights) == (10_000_000_000, "fits", "nf4")
    (mine / "config.json").write_text('{"model_type": "llama"}')
    assert by_name(survey((str(mine),), cache, LAPTOP))[str(mine)].fits[0].verdict == "unknown"


def test_what_was_downloaded_is_listed_without_having_been_added(site: StandInHub, cache: Path) -> None:
    brought(download(site, cache))
    assert by_name(survey((), cache, LAPTOP))["me/model"].spec is not None


def test_what_the_hub_said_once_is_known_offline(site: StandInHub, cache: Path) -> None:
    site.offer("me/model", GOOD, parameters=8_000_000_000, license="cc-by-nc-4.0")
    introduce(resolve("me/model"), cache, endpoint=site.url)
    site.down = True
    asked = len(site.requests)
    listed = by_name(survey(("me/model",), cache, LAPTOP))["me/model"]
    assert listed.spec is not None
    assert (listed.spec.licence, listed.spec.commercial, listed.spec.parameters) == ("cc-by-nc-4.0", False, 8_000_000_000)
    assert listed.fits[0].verdict == "fits"
    assert (listed.copies, len(site.requests)) == ((), asked)
    # Listing it is no download: it is still fetched from the beginning.
    site.down = False
    assert (brought(download(site, cache)) / "model.safetensors").stat().st_size == len(GOOD["model.safetensors"])


def test_a_hub_that_does_not_know_the_name_leaves_nothing_behind(site: StandInHub, cache: Path) -> None:
    with pytest.raises(ModelError) as caught:
        introduce(resolve("nobody/nothing"), cache, endpoint=site.url)
    assert caught.value.key == "hub_unknown"
    assert not cache.exists()


def test_a_repository_of_gguf_files_alone_is_taken_in_the_usual_quantization(hub: StandInHub, cache: Path) -> None:
    hub.offer("me/quants", {"m.Q8_0.gguf": b"8" * 900, "m.Q4_K_M.gguf": b"4" * 500, "m.Q2_K.gguf": b"2" * 300, "mmproj.gguf": b"p"}, license="mit")
    spec = introduce(resolve("me/quants"), cache, endpoint=hub.url)
    assert [(form.kind, form.file, form.weights, form.download_bytes) for form in spec.forms] == [("gguf", "m.Q4_K_M.gguf", "Q4_K_M", 500)]
    assert spec.commercial is True
    assert [fit.engine for fit in by_name(survey(("me/quants",), cache, LAPTOP))["me/quants"].fits] == ["llama.cpp"]


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("apache-2.0", True),
        ("MIT", True),
        ("cc-by-sa-4.0", True),
        ("bsd-3-clause", True),
        ("cc-by-nc-4.0", False),
        ("cc-by-nc-sa-4.0", False),
        ("llama3", None),
        ("gemma", None),
        ("other", None),
        ("upstage-solar-license", None),
        (None, None),
    ],
)
def test_commercial_use_is_claimed_only_where_the_name_says_it(licence: str | None, allowed: bool | None) -> None:
    assert commercial_use(licence) is allowed


def test_added_names_are_kept_in_order_and_once(tmp_path: Path) -> None:
    added = AddedModels(tmp_path / "설정" / "models.txt")
    assert added.names() == ()
    for name in ("b/b", "/모델/폴더 하나", "b/b", "ollama:solar"):
        added.add(name)
    assert AddedModels(tmp_path / "설정" / "models.txt").names() == ("b/b", "/모델/폴더 하나", "ollama:solar")
    added.remove("b/b")
    added.remove("never/there")
    assert added.names() == ("/모델/폴더 하나", "ollama:solar")
    (tmp_path / "설정" / "models.txt").write_bytes(b"\xef\xbb\xbfa/a\r\n\r\n\xff\xfe\r\n")
    assert added.names()[0] == "a/a"


def test_a_list_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "models.txt"
    added = AddedModels(file)
    for spoilt in (b"a/a\n\xff\xfe\n", None):
        if spoilt is None:
            # What cannot be opened, for whatever reason.
            file.unlink()
            file.mkdir()
        else:
            file.write_bytes(spoilt)
        for change in (added.add, added.remove):
            with pytest.raises(SolarChatError, match="settings_unwritable"):
                change("b/b")
        assert spoilt is None or file.read_bytes() == spoilt
        assert [entry.name for entry in tmp_path.iterdir()] == ["models.txt"]
    assert added.names() == ()
