"""The stand-in against the Hub's own client: what it gets from there, it would get from huggingface.co."""

from __future__ import annotations

from pathlib import Path

import pytest

from solar_chat.models.hub import Hub
from tests.models.hub import COMMIT, StandInHub, git_oid, sha256

FILES = {"config.json": b"{}", "model.safetensors": b"w" * 5000, "sub/other.bin": b"o"}


def test_the_hubs_own_client_understands_the_stand_in(hub: StandInHub, tmp_path: Path) -> None:
    from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url, snapshot_download
    from huggingface_hub.hf_api import RepoFile

    hub.offer("me/model", FILES, license="mit")
    folder = Path(snapshot_download("me/model", cache_dir=tmp_path, endpoint=hub.url))
    assert {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == FILES
    assert folder.name == COMMIT
    found = get_hf_file_metadata(hf_hub_url("me/model", "model.safetensors", endpoint=hub.url), endpoint=hub.url)
    assert (found.size, found.etag, found.commit_hash) == (5000, sha256(FILES["model.safetensors"]), COMMIT)
    assert found.location.startswith("http://localhost:")
    tree = {entry.path: entry.blob_id for entry in HfApi(endpoint=hub.url).list_repo_tree("me/model") if isinstance(entry, RepoFile)}
    assert tree["config.json"] == git_oid(b"{}")


def test_git_ids_are_gits() -> None:
    # `printf '{}' | git hash-object --stdin`
    assert git_oid(b"{}") == "9e26dfeeb6e641a33dae4961196235bdb965b21b"


def test_a_listing_has_what_a_download_is_checked_by(hub: StandInHub) -> None:
    hub.offer("me/model", FILES, parameters=2500, license="mit")
    listing = Hub("me/model", hub.url).listing("main")
    assert (listing.commit, listing.licence, listing.parameters) == (COMMIT, "mit", 2500)
    assert {file.path: (file.size_bytes, file.digest, file.is_sha256) for file in listing.files} == {
        "config.json": (2, git_oid(b"{}"), False),
        "model.safetensors": (5000, sha256(FILES["model.safetensors"]), True),
        "sub/other.bin": (1, sha256(b"o"), True),
    }


@pytest.mark.parametrize("name", ["../up.json", "/etc/passwd.json", "a/../../b.json", "C:\\x.json", "a\\b.json", "nul\0.json"])
def test_a_name_that_leads_out_of_the_folder_is_not_a_file(hub: StandInHub, name: str) -> None:
    hub.offer("me/model", {**FILES, name: b"{}"})
    assert {file.path for file in Hub("me/model", hub.url).listing("main").files} == set(FILES)
