"""Sources that must not be believed: each is named for what it is, before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from solar_chat.errors import InputError
from solar_chat.upscale import Checkpoint, DepthPlan, write
from tests.upscale.architectures import Make

INDEX = "model.safetensors.index.json"


def _index(folder: Path) -> dict[str, str]:
    return dict(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"])


def _set_index(folder: Path, weight_map: dict[str, str]) -> None:
    (folder / INDEX).write_text(json.dumps({"weight_map": weight_map}), encoding="utf-8")


def cut_a_shard(folder: Path) -> None:
    path = max(folder.glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:-1])


def cut_a_header(folder: Path) -> None:
    path = max(folder.glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:100])


def lengthen_a_shard(folder: Path) -> None:
    path = max(folder.glob("*.safetensors"))
    path.write_bytes(path.read_bytes() + b"\0")


def lose_a_shard(folder: Path) -> None:
    max(folder.glob("*.safetensors")).unlink()


def lose_an_entry(folder: Path) -> None:
    _set_index(folder, {name: file for name, file in _index(folder).items() if name != "model.norm.weight"})


def invent_an_entry(folder: Path) -> None:
    _set_index(folder, {**_index(folder), "model.extra.weight": min(_index(folder).values())})


def point_outside(folder: Path) -> None:
    _set_index(folder, {**_index(folder), "model.norm.weight": "../other/model.safetensors"})


def empty_the_index(folder: Path) -> None:
    _set_index(folder, {})


def lie_about_a_shape(folder: Path) -> None:
    path = max(folder.glob("*.safetensors"))
    raw = path.read_bytes()
    end = 8 + int.from_bytes(raw[:8], "little")
    # As long as before, so that nothing else moves.
    path.write_bytes(raw[:8] + raw[8:end].replace(b'"shape":[16', b'"shape":[17') + raw[end:])


def config_that_is_a_list(folder: Path) -> None:
    (folder / "config.json").write_text("[]", encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "key"),
    [
        (cut_a_shard, "upscale_cut_off"),
        (cut_a_header, "upscale_cut_off"),
        (lengthen_a_shard, "upscale_broken_file"),
        (lose_a_shard, "upscale_no_weights"),
        (lose_an_entry, "upscale_not_in_index"),
        (invent_an_entry, "upscale_not_in_files"),
        (point_outside, "upscale_broken_file"),
        (empty_the_index, "upscale_broken_file"),
        (lie_about_a_shape, "upscale_broken_file"),
        (config_that_is_a_list, "upscale_no_config"),
    ],
)
def test_damaged_shards_are_named(damage: Callable[[Path], None], key: str, checkpoint_of: Make, tmp_path: Path) -> None:
    folder = write(Checkpoint.read(checkpoint_of("llama")), DepthPlan.slices(4, [(0, 4)]), tmp_path / "sharded", shard_bytes=4000)
    assert Checkpoint.read(folder).layers == 4
    damage(folder)
    with pytest.raises(InputError) as caught:
        Checkpoint.read(folder)
    assert caught.value.key == key


def test_a_list_of_files_needs_no_index(checkpoint_of: Make, tmp_path: Path) -> None:
    folder = write(Checkpoint.read(checkpoint_of("llama")), DepthPlan.slices(4, [(0, 4)]), tmp_path / "sharded", shard_bytes=4000)
    (folder / INDEX).unlink()
    files = sorted(folder.glob("*.safetensors"))
    assert len(Checkpoint.read(folder, files).tensors) == 4 * 9 + 3
    with pytest.raises(InputError, match="upscale_twice"):
        Checkpoint.read(folder, [*files, files[0]])
    with pytest.raises(InputError, match="upscale_no_weights"):
        Checkpoint.read(folder)


def test_target_is_the_source_or_inside(checkpoint_of: Make) -> None:
    folder = checkpoint_of("llama")
    before = sorted(folder.iterdir())
    for target in (folder, folder / "deep", folder / ".." / folder.name):
        with pytest.raises(InputError, match="upscale_same_folder"):
            write(Checkpoint.read(folder), DepthPlan.solar(4, 1), target)
    assert sorted(folder.iterdir()) == before


def test_a_dangling_link_is_something_that_exists(checkpoint_of: Make, tmp_path: Path) -> None:
    (tmp_path / "deep").symlink_to(tmp_path / "nothing")
    with pytest.raises(InputError, match="upscale_target_exists"):
        write(Checkpoint.read(checkpoint_of("llama")), DepthPlan.solar(4, 1), tmp_path / "deep")
