"""A model's outline over the line: how much is fetched, and what servers do that do not keep to the protocol."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from solar_chat.checkpoint import Checkpoint
from solar_chat.errors import InputError, ModelError
from solar_chat.models import Form, outline
from tests.models.hub import StandInHub

FORM = Form("safetensors", "me/deep", "", 0)
LAYERS = 40
WIDTH = 500


def shard(layers: range, note: str = "") -> bytes:
    """`layers` of a matrix each, 500 kB, whose header can be made longer by a note."""
    header: dict[str, object] = {"__metadata__": {"note": note}} if note else {}
    at = 0
    for layer in layers:
        header[f"model.layers.{layer}.mlp.up_proj.weight"] = {"dtype": "BF16", "shape": [WIDTH, WIDTH], "data_offsets": [at, at + 2 * WIDTH * WIDTH]}
        at += 2 * WIDTH * WIDTH
    encoded = json.dumps(header).encode()
    return len(encoded).to_bytes(8, "little") + encoded + bytes(at)


def files(note: str = "") -> dict[str, bytes]:
    halves = {"model-00001-of-00002.safetensors": range(20), "model-00002-of-00002.safetensors": range(20, LAYERS)}
    weight_map = {f"model.layers.{layer}.mlp.up_proj.weight": file for file, layers in halves.items() for layer in layers}
    config = {"model_type": "llama", "num_hidden_layers": LAYERS, "hidden_size": WIDTH}
    return {
        "config.json": json.dumps(config).encode(),
        "model.safetensors.index.json": json.dumps({"weight_map": weight_map}).encode(),
        "tokenizer.json": b"{}" * 100_000,
        **{file: shard(layers, note) for file, layers in halves.items()},
    }


def read(hub: StandInHub) -> Checkpoint:
    found = outline(FORM, endpoint=hub.url)
    return Checkpoint.of_outline("me/deep", found.config, found.index, found.heads)


def test_kilobytes_of_twenty_megabytes(hub: StandInHub) -> None:
    hub.offer("me/deep", files())
    found = outline(FORM, endpoint=hub.url)
    checkpoint = Checkpoint.of_outline("me/deep", found.config, found.index, found.heads)
    assert (checkpoint.layers, len(checkpoint.tensors), checkpoint.bytes) == (LAYERS, LAYERS, 20_000_000)
    assert checkpoint.tensors["model.layers.39.mlp.up_proj.weight"].file.name == "model-00002-of-00002.safetensors"
    assert found.fetched_bytes < 140_000
    assert hub.sent_bytes == found.fetched_bytes


def test_it_says_the_same_as_the_files_themselves(hub: StandInHub, tmp_path: Path) -> None:
    hub.offer("me/deep", files())
    for name, content in files().items():
        (tmp_path / name).write_bytes(content)
    here, there = Checkpoint.read(tmp_path), read(hub)
    assert here.config == there.config
    assert {name: (one.file.name, one.start, one.length, one.shape) for name, one in here.tensors.items()} == {
        name: (one.file.name, one.start, one.length, one.shape) for name, one in there.tensors.items()
    }


def test_a_header_longer_than_the_first_request(hub: StandInHub) -> None:
    hub.offer("me/deep", files(note="x" * 200_000))
    assert len(read(hub).tensors) == LAYERS
    assert hub.sent_bytes < 500_000


def test_a_server_without_ranges_is_hung_up_on(hub: StandInHub) -> None:
    hub.offer("me/deep", files(note="x" * 200_000))
    hub.ignores_ranges = True
    hub.bytes_per_second = 2_000_000.0
    found = outline(FORM, endpoint=hub.url)
    assert len(Checkpoint.of_outline("me/deep", found.config, found.index, found.heads).tensors) == LAYERS
    assert found.fetched_bytes < 1_500_000


def test_a_single_file_needs_no_index(hub: StandInHub) -> None:
    hub.offer("me/deep", {"config.json": files()["config.json"], "model.safetensors": shard(range(LAYERS))})
    assert read(hub).layers == LAYERS


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"config.json": None}, "upscale_no_config"),
        ({"model-00002-of-00002.safetensors": None}, "hub_file_missing"),
        ({"model.safetensors.index.json": b"{}"}, "upscale_broken_file"),
        ({"model-00002-of-00002.safetensors": b"version https://git-lfs"}, "upscale_broken_file"),
        ({"model-00002-of-00002.safetensors": shard(range(20, LAYERS))[:-1]}, "upscale_cut_off"),
        ({"model-00002-of-00002.safetensors": shard(range(20, LAYERS - 1))}, "upscale_not_in_files"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, bytes | None], key: str, hub: StandInHub) -> None:
    hub.offer("me/deep", {name: content for name, content in {**files(), **changes}.items() if content is not None})
    with pytest.raises((InputError, ModelError)) as caught:
        read(hub)
    assert caught.value.key == key


def test_pickles_unknown_and_offline(hub: StandInHub) -> None:
    hub.offer("me/deep", {"config.json": b"{}", "pytorch_model.bin": b"x"})
    with pytest.raises(ModelError, match="model_only_pickle"):
        read(hub)
    hub.repos.clear()
    with pytest.raises(ModelError, match="hub_unknown"):
        read(hub)
    with pytest.raises(ModelError, match="hub_offline"):
        outline(FORM, endpoint="http://127.0.0.1:9")
