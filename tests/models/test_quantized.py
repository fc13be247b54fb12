"""4-bit copies: found while they are whole and of this source, made in one step, and the 16-bit files given back."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from solar_chat.errors import ModelError
from solar_chat.models import (
    CATALOG,
    Download,
    copies_of,
    drop_full_weights,
    fetch,
    form_here,
    offer,
    quantized_copy,
    quantized_place,
    remove,
    resolve,
    survey,
)
from solar_chat.models.four_bit import SEAL
from solar_chat.models.quantized import QuantizedPlace
from tests.models.downloading import GOOD, WEIGHTS, download, names
from tests.models.hub import StandInHub
from tests.models.test_fit import LAPTOP

NOWHERE = "http://127.0.0.1:9"


def place_of(name: str | Path, cache: Path) -> QuantizedPlace:
    place = quantized_place(resolve(name), cache)
    assert place is not None
    return place


def make(place: QuantizedPlace, weights: bytes = b"4" * 1000) -> Path:
    """What the engine does."""
    with place.making(len(weights)) as folder:
        (folder / "model.safetensors").write_bytes(weights)
        (folder / "config.json").write_text('{"model_type": "llama", "quantization_config": {}}')
    found = place.find()
    assert found is not None
    return found


@pytest.fixture
def here(site: StandInHub, cache: Path) -> Path:
    """`me/model`, downloaded."""
    download(site, cache).start().wait(60)
    return cache / "me--model"


@pytest.fixture
def local(tmp_path: Path) -> Path:
    folder = tmp_path / "내 모델"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / name).write_bytes(GOOD[name])
    return folder


def test_the_copy_of_a_download(here: Path, cache: Path) -> None:
    place = place_of("me/model", cache)
    assert (place.find(), quantized_copy(resolve("me/model"), cache)) == (None, None)
    folder = make(place)
    assert folder.parent == cache / "4bit"
    assert names(folder) == {"config.json", "model.safetensors", "tokenizer.json", "README.md", SEAL}
    copy = quantized_copy(resolve("me/model"), cache)
    assert copy is not None
    assert copy.folder == folder
    assert copy.size_bytes == sum(file.stat().st_size for file in folder.iterdir() if file.name != SEAL)
    assert copy.full_bytes == sum(file.stat().st_size for file in here.rglob("*") if file.is_file())
    # As long as the 16-bit files are here, they are what the model is resolved to.
    assert fetch(resolve("me/model"), cache, endpoint=NOWHERE).path == here
    assert [(found.folder, found.form.weights) for found in copies_of(resolve("me/model"), cache)] == [(here, ""), (folder, "nf4")]


def test_without_the_16_bit_files_the_model_is_still_here(here: Path, cache: Path) -> None:
    folder = make(place_of("me/model", cache))
    copy = quantized_copy(resolve("me/model"), cache)
    assert copy is not None
    assert drop_full_weights(resolve("me/model"), cache) == copy.full_bytes
    assert not here.exists()
    spec = fetch(resolve("me/model"), cache, endpoint=NOWHERE)
    assert (spec.id, spec.name, spec.path, spec.template, spec.licence) == ("me/model", "model", folder, "chatml", "apache-2.0")
    assert form_here(resolve("me/model"), cache) is not None
    told = offer(resolve("me/model"), cache, LAPTOP, endpoint=NOWHERE)
    assert told.here is not None
    assert (told.here.folder, told.here.whole, told.fit.disk_bytes) == (folder, True, 0)
    left = quantized_copy(resolve("me/model"), cache)
    assert left is not None
    assert left.full_bytes == 0
    with pytest.raises(ModelError, match="full_weights_gone"):
        drop_full_weights(resolve("me/model"), cache)
    for found in copies_of(resolve("me/model"), cache):
        remove(found)
    assert quantized_copy(resolve("me/model"), cache) is None
    assert not folder.exists()


def test_16_bit_files_without_a_copy_stay(here: Path, cache: Path) -> None:
    with pytest.raises(ModelError, match="no_quantized_copy"):
        drop_full_weights(resolve("me/model"), cache)
    folder = make(place_of("me/model", cache))
    (folder / "model.safetensors").write_bytes(b"4" * 999)
    with pytest.raises(ModelError, match="no_quantized_copy"):
        drop_full_weights(resolve("me/model"), cache)
    assert (here / "model.safetensors").read_bytes() == WEIGHTS


def test_another_version_of_the_source_makes_the_copy_stale(site: StandInHub, here: Path, cache: Path) -> None:
    old = make(place_of("me/model", cache))
    site.offer("me/model", {**GOOD, "model.safetensors": WEIGHTS[::-1]})
    site.commits["me/model"] = "1" * 40
    (here / "config.json").unlink()
    download(site, cache).start().wait(60)
    assert place_of("me/model", cache).find() is None
    assert quantized_copy(resolve("me/model"), cache) is None
    new = make(place_of("me/model", cache))
    assert new != old
    assert not old.exists()


def test_a_new_model_card_changes_nothing(site: StandInHub, here: Path, cache: Path) -> None:
    folder = make(place_of("me/model", cache))
    site.offer("me/model", {**GOOD, "README.md": b"---\nlicense: apache-2.0\n---\nmore\n"})
    site.commits["me/model"] = "1" * 40
    (here / "config.json").unlink()
    download(site, cache).start().wait(60)
    assert place_of("me/model", cache).find() == folder


class TestFolders:
    def test_a_folder_is_known_by_path_sizes_and_times(self, local: Path, cache: Path) -> None:
        folder = make(place_of(local, cache))
        assert folder.name.startswith("내 모델-")
        assert place_of(local, cache).find() == folder
        os.utime(local / "model.safetensors", ns=(0, 1))
        assert place_of(local, cache).find() is None
        make(place_of(local, cache))
        assert not folder.exists()

    def test_the_files_of_a_person_are_never_deleted(self, local: Path, cache: Path) -> None:
        folder = make(place_of(local, cache))
        copy = quantized_copy(resolve(local), cache)
        assert copy is not None
        assert (copy.folder, copy.full_bytes) == (folder, 0)
        with pytest.raises(ModelError, match="full_weights_yours"):
            drop_full_weights(resolve(local), cache)
        (found,) = copies_of(resolve(local), cache)
        remove(found)
        assert not folder.exists()
        assert (local / "model.safetensors").exists()

    def test_an_unreadable_copy_whose_source_is_gone_takes_no_other_with_it(self, local: Path, cache: Path) -> None:
        folder = make(place_of(local, cache))
        shutil.rmtree(local)
        listed = {each.name: each for each in survey((), cache, LAPTOP)}
        assert listed[str(folder)].spec is not None
        assert [copy.folder for copy in listed[str(folder)].copies] == [folder]
        # As long as before, so that the seal holds.
        (folder / "config.json").write_bytes(b"{" * (folder / "config.json").stat().st_size)
        listed = {each.name: each for each in survey((), cache, LAPTOP)}
        assert len(listed) == len(CATALOG) + 1
        broken = listed[str(folder)]
        assert (broken.spec, broken.added, broken.problem and broken.problem.key) == (None, False, "model_file_broken")

    def test_a_long_name_fits_into_a_file_name(self, local: Path, cache: Path) -> None:
        long = local.rename(local.with_name("모" * 84))
        assert make(place_of(long, cache)).is_dir()

    def test_a_copy_has_no_copy(self, local: Path, cache: Path) -> None:
        assert quantized_place(resolve(make(place_of(local, cache))), cache) is None


class TestMaking:
    def test_a_failure_leaves_nothing(self, local: Path, cache: Path) -> None:
        place = place_of(local, cache)

        def fail() -> None:
            with place.making(10) as folder:
                (folder / "model.safetensors").write_bytes(b"half")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert place.find() is None
        assert [entry.name for entry in place.folder.parent.iterdir()] == [".locks"]

    def test_what_a_killed_process_left_is_cleared_away(self, local: Path, cache: Path) -> None:
        place = place_of(local, cache)
        left = place.folder.with_name(place.folder.name + ".part")
        left.mkdir(parents=True)
        (left / "junk").write_bytes(b"junk")
        (left / SEAL).write_text("{}")
        assert place.find() is None
        assert not (make(place) / "junk").exists()

    def test_too_small_a_disk_is_told_before(self, local: Path, cache: Path) -> None:
        place = place_of(local, cache)
        with pytest.raises(ModelError) as caught, place.making(10**16):
            pytest.fail("nothing may be written")
        assert (caught.value.key, caught.value.params["needed_gb"]) == ("four_bit_disk", "10000000.0")
        assert not place.folder.exists()

    def test_two_at_once(self, local: Path, cache: Path) -> None:
        place = place_of(local, cache)
        with place.making(10) as folder:
            with pytest.raises(ModelError, match="four_bit_busy"), place.making(10):
                pytest.fail("one is enough")
            (folder / "model.safetensors").write_bytes(b"4")
        assert place.find() is not None

    def test_a_folder_that_cannot_be_written(self, local: Path, cache: Path) -> None:
        cache.mkdir()
        (cache / "4bit").write_text("a file")
        with pytest.raises(ModelError, match="four_bit_unwritable"), place_of(local, cache).making(10):
            pytest.fail("there is no folder")

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": 1}', '{"a": 1}', "\x00"])
    def test_a_damaged_seal_is_no_copy(self, local: Path, cache: Path, content: str) -> None:
        folder = make(place_of(local, cache))
        (folder / SEAL).write_text(content)
        assert place_of(local, cache).find() is None

    def test_a_format_of_another_time_is_no_copy(self, local: Path, cache: Path) -> None:
        folder = make(place_of(local, cache))
        seal = json.loads((folder / SEAL).read_text())
        (folder / SEAL).write_text(json.dumps({**seal, "format": 0}))
        assert place_of(local, cache).find() is None


def test_a_repository_downloaded_again_after_its_copy(site: StandInHub, here: Path, cache: Path) -> None:
    folder = make(place_of("me/model", cache))
    drop_full_weights(resolve("me/model"), cache)
    Download(resolve("me/model"), cache, endpoint=site.url).start().wait(60)
    assert here.is_dir()
    assert place_of("me/model", cache).find() == folder
