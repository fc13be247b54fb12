"""Any repository of GGUF files: which one is meant, what it takes before it comes, and every part of one that was cut."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter

from solar_chat.errors import ModelError
from solar_chat.models import EEVE, SOLAR, copies, copies_of, downloaded, fetch, form_here, offer, remove, resolve
from tests.models.hub import StandInHub
from tests.models.test_fit import GB, LAPTOP

REPO = "me/Some-8B-GGUF"
OTHERS = {"README.md": b"-", "mmproj-F16.gguf": b"p" * 10, "imatrix.gguf": b"i" * 10}


@pytest.fixture
def weights(tmp_path: Path) -> bytes:
    """A real file with a large vocabulary, as they are published."""
    file = tmp_path / "made.gguf"
    writer = GGUFWriter(file, "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(4096)
    writer.add_block_count(48)
    writer.add_head_count(32)
    writer.add_head_count_kv(8)
    writer.add_token_list([f"piece {number}" for number in range(10_000)])
    writer.add_tensor("output_norm.weight", np.zeros(64, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file.read_bytes()


def names(weights: bytes, *kinds: str) -> dict[str, bytes]:
    return {**OTHERS, **{f"some-8b.{kind}.gguf": weights + kind.encode() for kind in kinds}}


def refused(name: str, cache: Path, hub: StandInHub) -> ModelError:
    with pytest.raises(ModelError) as caught:
        offer(resolve(name), cache, LAPTOP, endpoint=hub.url)
    return caught.value


def test_the_usual_one_and_a_named_one(hub: StandInHub, cache: Path, weights: bytes) -> None:
    hub.offer(REPO, names(weights, "Q2_K", "Q4_K_M", "Q8_0"), license="apache-2.0")
    for name, kind in ((REPO, "Q4_K_M"), (f"{REPO}:gguf", "Q4_K_M"), (f"{REPO}:q8_0", "Q8_0"), (f"{REPO}:some-8b.Q2_K.gguf", "Q2_K")):
        found = offer(resolve(name), cache, LAPTOP, endpoint=hub.url)
        assert found.spec.form is not None
        assert (found.spec.form.file, found.spec.form.weights) == (f"some-8b.{kind}.gguf", kind)
        assert found.fit.download_bytes == len(weights) + len(kind)
        assert (found.fit.engine, found.spec.licence, found.spec.id) == ("llama.cpp", "apache-2.0", REPO)


def test_it_is_measured_by_its_first_bytes(hub: StandInHub, cache: Path, weights: bytes) -> None:
    hub.offer(REPO, names(weights, "Q4_K_M"))
    found = offer(resolve(REPO), cache, LAPTOP, endpoint=hub.url)
    # 48 layers of 8 heads of 128, at its own context.
    assert (found.spec.context_tokens, found.fit.cache_bytes) == (2048, 196_608 * 2048)
    (asked,) = [request for request in hub.requests if request.path.startswith("/lfs/")]
    assert asked.headers["range"] == "bytes=0-65535"
    assert copies(cache) == ()


def test_a_checkpoint_is_measured_by_its_configuration(hub: StandInHub, cache: Path) -> None:
    config = {"num_hidden_layers": 10, "num_attention_heads": 8, "hidden_size": 512, "num_key_value_heads": 2, "max_position_embeddings": 32768}
    files = {"config.json": json.dumps(config).encode(), "model.safetensors": b"w" * 1000}
    hub.offer("me/model", files, parameters=GB)
    found = offer(resolve("me/model"), cache, LAPTOP, endpoint=hub.url)
    assert (found.spec.context_tokens, found.fit.cache_bytes) == (8192, 2 * 2 * 10 * 2 * 64 * 8192)
    for broken in (b"[]", b"{"):
        hub.offer("me/model", {**files, "config.json": broken}, parameters=GB)
        assert offer(resolve("me/model"), cache, LAPTOP, endpoint=hub.url).fit.cache_bytes == 0
    # Whoever has not accepted its terms learns what the listing says.
    hub.gated.add("me/model")
    assert offer(resolve("me/model"), cache, LAPTOP, endpoint=hub.url).spec.parameters == GB


def test_what_cannot_be_told_is_asked_back(hub: StandInHub, cache: Path, weights: bytes) -> None:
    hub.offer(REPO, names(weights, "Q5_K_M", "Q6_K"))
    error = refused(REPO, cache, hub)
    assert (error.key, error.params) == ("gguf_which", {"model": REPO, "known": "Q5_K_M, Q6_K"})
    error = refused(f"{REPO}:Q3_K_S", cache, hub)
    assert (error.key, error.params) == ("gguf_unknown", {"model": REPO, "asked": "Q3_K_S", "known": "Q5_K_M, Q6_K"})
    assert refused(f"{REPO}:other.gguf", cache, hub).params["asked"] == "other.gguf"
    assert refused(f"{REPO}:safetensors", cache, hub).params == {"model": REPO, "form": "safetensors", "known": "gguf"}
    # Two of one kind are told apart by their names.
    hub.offer(REPO, {"a/x.Q4_K_M.gguf": weights, "b/x.Q4_K_M.gguf": weights})
    assert refused(REPO, cache, hub).params["known"] == "a/x.Q4_K_M.gguf, b/x.Q4_K_M.gguf"
    assert offer(resolve(f"{REPO}:b/x.Q4_K_M.gguf"), cache, LAPTOP, endpoint=hub.url).spec.forms[-1].file == "b/x.Q4_K_M.gguf"
    hub.offer("me/plain", {"config.json": b"{}", "model.safetensors": b"w"})
    assert refused("me/plain:gguf", cache, hub).params == {"model": "me/plain", "form": "gguf", "known": "safetensors"}


def test_offline_is_said_and_nothing_guessed(cache: Path) -> None:
    with pytest.raises(ModelError, match="hub_offline"):
        offer(resolve(f"{REPO}:Q4_K_M"), cache, LAPTOP, endpoint="http://127.0.0.1:9")


def test_both_forms_of_one_repository(hub: StandInHub, cache: Path, weights: bytes) -> None:
    hub.offer("me/both", {**names(weights, "Q4_K_M"), "config.json": b"{}", "model.safetensors": b"w" * 50}, parameters=7 * GB)
    found = offer(resolve("me/both"), cache, LAPTOP, endpoint=hub.url)
    assert {form.kind for form in found.spec.forms} == {"safetensors", "gguf"}
    assert found.fit.engine == "llama.cpp"


def test_a_download_by_its_kind_is_found_again(hub: StandInHub, cache: Path, weights: bytes) -> None:
    hub.offer(REPO, names(weights, "Q4_K_M", "Q8_0"))
    there = fetch(resolve(f"{REPO}:Q8_0"), cache, endpoint=hub.url)
    assert there.path == cache / "me--Some-8B-GGUF" / "some-8b.Q8_0.gguf"
    assert there.shape is not None
    asked = len(hub.requests)
    for name in (f"{REPO}:Q8_0", f"{REPO}:gguf"):
        assert fetch(resolve(name), cache, endpoint=hub.url).path == there.path
        assert form_here(resolve(name), cache) is None or resolve(name).form is not None
    (spec,) = downloaded(cache)
    assert (spec.id, [form.weights for form in spec.forms]) == (REPO, ["Q8_0"])
    assert offer(resolve(f"{REPO}:Q8_0"), cache, LAPTOP, endpoint=hub.url).here is not None
    assert len(hub.requests) == asked
    fetch(resolve(f"{REPO}:Q4_K_M"), cache, endpoint=hub.url)
    (copy,) = copies_of(resolve(f"{REPO}:Q8_0"), cache)
    remove(copy)
    assert [copy.form.weights for copy in copies(cache)] == ["Q4_K_M"]


def test_one_that_was_cut_comes_with_every_part(hub: StandInHub, cache: Path, weights: bytes) -> None:
    parts = {f"Q4_K_M/big-Q4_K_M-0000{number}-of-00003.gguf": weights + bytes([number]) * number for number in (1, 2, 3)}
    hub.offer(REPO, parts)
    found = offer(resolve(REPO), cache, LAPTOP, endpoint=hub.url)
    assert found.fit.download_bytes == 3 * len(weights) + 6
    there = fetch(found.spec, cache, endpoint=hub.url)
    assert there.path == cache / "me--Some-8B-GGUF" / "Q4_K_M" / "big-Q4_K_M-00001-of-00003.gguf"
    assert {file.name for file in there.path.parent.iterdir()} == {name.rpartition("/")[2] for name in parts}
    (copy,) = copies(cache)
    assert (copy.whole, copy.total_bytes) == (True, 3 * len(weights) + 6)
    hub.offer(REPO, dict(list(parts.items())[:2]))
    remove(copy)
    with pytest.raises(ModelError, match="hub_file_missing"):
        fetch(resolve(f"{REPO}:gguf"), cache, endpoint=hub.url)


def test_another_file_of_a_model_of_the_catalogue(hub: StandInHub, cache: Path, weights: bytes) -> None:
    assert SOLAR.forms[1].repo is not None
    hub.offer(SOLAR.forms[1].repo, {"solar-10.7b-instruct-v1.0.Q5_K_M.gguf": weights}, license="apache-2.0")
    found = offer(resolve("solar:q5_k_m"), cache, LAPTOP, endpoint=hub.url)
    # The licence is the model's own, whatever its re-upload says.
    assert (found.spec.licence, found.spec.commercial, found.spec.template) == ("CC-BY-NC-4.0", False, "solar")
    assert found.fit.form is not None
    assert (found.fit.form.file, found.fit.download_bytes) == ("solar-10.7b-instruct-v1.0.Q5_K_M.gguf", len(weights))
    assert resolve("solar:Q4_K_M") == resolve("solar:gguf")
    assert resolve(f"solar:{SOLAR.forms[1].file}") == resolve("solar:gguf")
    assert resolve("eeve:Q8_0").id == EEVE.id
    for name in ("me/model:latest", "C:\\models\\x.gguf", "nobody:Q4_K_M"):
        with pytest.raises(ModelError):
            resolve(name)
