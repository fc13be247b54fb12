"""Adding models and looking at servers, without a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from solar_chat.assistant import Library
from solar_chat.errors import ModelError, SolarChatError
from solar_chat.keys import save_key
from solar_chat.paths import Home
from tests.models.hub import StandInHub, running
from tests.models.test_fit import LAPTOP
from tests.test_keys import SECRET, Locked, Memory

FILES = {"config.json": b'{"model_type": "llama"}', "model.safetensors": b"x" * 1000}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    with running() as site:
        site.offer("me/model", FILES, parameters=1_000_000, license="mit")
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        yield site


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(Home.find(tmp_path).create(), lambda: LAPTOP)


def names(library: Library) -> list[str]:
    return [each.name for each in library.listed() if each.added]


def test_a_model_is_added_with_what_the_hub_says_and_taken_off(library: Library, hub: StandInHub) -> None:
    spec = library.add("me/model")
    assert (spec.licence, spec.forms[0].download_bytes) == ("mit", 1023)
    assert names(library) == ["me/model"]
    library.forget("me/model")
    assert names(library) == []


def test_a_name_that_means_nothing_is_not_kept(library: Library, hub: StandInHub) -> None:
    for name in ("nobody/nothing", "아무것도", "/nowhere/model.gguf"):
        with pytest.raises(SolarChatError):
            library.add(name)
    hub.down = True
    with pytest.raises(ModelError):
        library.add("me/model")
    assert names(library) == []


def test_a_model_on_a_server_needs_an_address_and_a_name(library: Library) -> None:
    assert library.add_on_server("upstage", " solar-pro4 ").id == "upstage:solar-pro4"
    assert library.add_on_server("http://192.168.0.2:8000", "m").id == "remote:http://192.168.0.2:8000/v1#m"
    for address, model, key in (
        ("upstage", " ", "remote_no_model"),
        ("nonsense", "m", "remote_bad_url"),
        ("http://a:b@c/v1", "m", "remote_url_secret"),
    ):
        with pytest.raises(ModelError) as caught:
            library.add_on_server(address, model)
        assert caught.value.key == key
    assert names(library) == ["upstage:solar-pro4", "remote:http://192.168.0.2:8000/v1#m"]


def test_what_is_known_of_a_server_before_it_is_asked(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPSTAGE_API_KEY", raising=False)
    monkeypatch.delenv("SOLAR_CHAT_API_KEY", raising=False)
    chain = Memory()
    monkeypatch.setattr(keyring, "get_keyring", lambda: chain)
    upstage = library.server("upstage")
    assert (upstage.leaves_for, upstage.key, upstage.variable) == ("https://api.upstage.ai", "missing", "UPSTAGE_API_KEY")
    save_key(upstage.url, SECRET)
    assert library.server("upstage").key == "keychain"
    # Ollama on this machine has no key, and no keychain is opened for it.
    monkeypatch.setattr(keyring, "get_keyring", lambda: pytest.fail("opened"))
    ollama = library.server("ollama")
    assert (ollama.leaves_for, ollama.key) == (None, "not_needed")


def test_a_keychain_that_is_missing_or_locked_is_said(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPSTAGE_API_KEY", raising=False)
    monkeypatch.delenv("SOLAR_CHAT_API_KEY", raising=False)
    monkeypatch.setattr(keyring, "get_keyring", Locked)
    assert library.server("upstage").key == "locked"
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)
    assert library.server("upstage").key == "no_keychain"
    monkeypatch.setenv("UPSTAGE_API_KEY", SECRET)
    assert library.server("upstage").key == "environment"
