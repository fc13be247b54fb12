"""Names of models on a server: one spelling for each, and no secrets in them."""

from __future__ import annotations

import pytest

from solar_chat.errors import ModelError
from solar_chat.models import OLLAMA_URL, UPSTAGE_URL, Remote, base_url, resolve
from solar_chat.prompts import TEMPLATES


@pytest.mark.parametrize(
    ("typed", "name", "remote"),
    [
        ("upstage:solar-pro4", "upstage:solar-pro4", Remote(UPSTAGE_URL, "solar-pro4")),
        (" Upstage: solar-mini ", "upstage:solar-mini", Remote(UPSTAGE_URL, "solar-mini")),
        ("ollama:solar:10.7b", "ollama:solar:10.7b", Remote(OLLAMA_URL, "solar:10.7b")),
        ("ollama:hf.co/me/x:gguf", "ollama:hf.co/me/x:gguf", Remote(OLLAMA_URL, "hf.co/me/x:gguf")),
        ("remote:http://localhost:11434#solar", "ollama:solar", Remote(OLLAMA_URL, "solar")),
        ("remote:https://api.upstage.ai/v1/solar#solar-mini", "upstage:solar-mini", Remote(UPSTAGE_URL, "solar-mini")),
        (
            "remote:http://192.168.0.2:8000#yanolja/EEVE-Korean",
            "remote:http://192.168.0.2:8000/v1#yanolja/EEVE-Korean",
            Remote("http://192.168.0.2:8000/v1", "yanolja/EEVE-Korean"),
        ),
        (
            "remote:HTTPS://Box.Example:443/v1/chat/completions/#m#1",
            "remote:https://box.example/v1#m#1",
            Remote("https://box.example/v1", "m#1"),
        ),
        ("remote:http://[::1]:8080/api/v3#m", "remote:http://[::1]:8080/api/v3#m", Remote("http://[::1]:8080/api/v3", "m")),
    ],
)
def test_a_name_has_one_spelling(typed: str, name: str, remote: Remote) -> None:
    spec = resolve(typed)
    assert (spec.id, spec.remote, spec.path, spec.forms, spec.name) == (name, remote, None, (), remote.model)
    assert TEMPLATES[spec.template].stop == ()
    assert resolve(spec.id) == spec


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("upstage:", "remote_no_model"),
        ("ollama: ", "remote_no_model"),
        ("remote:http://127.0.0.1:8000/v1", "remote_no_model"),
        ("remote:http://127.0.0.1:8000/v1#", "remote_no_model"),
        ("remote:", "remote_bad_url"),
        ("remote:127.0.0.1:8000#m", "remote_bad_url"),
        ("remote:ftp://box/v1#m", "remote_bad_url"),
        ("remote:http://box:port/v1#m", "remote_bad_url"),
        ("remote:http://bo x/v1#m", "remote_bad_url"),
        ("remote:https://me:secret@box/v1#m", "remote_url_secret"),
        ("remote:https://box/v1?api_key=secret#m", "remote_url_secret"),
        ("remote:me:secret@box:port/v1#m", "remote_url_secret"),
    ],
)
def test_what_is_no_name(typed: str, key: str) -> None:
    with pytest.raises(ModelError) as caught:
        resolve(typed)
    assert caught.value.key == key
    assert "secret" not in str(caught.value).replace(key, "")


def test_the_example_says_what_is_missing() -> None:
    with pytest.raises(ModelError) as caught:
        resolve("remote:http://box/v1#")
    assert caught.value.params["example"] == "remote:http://box/v1#MODEL"


def test_addresses() -> None:
    assert (base_url("Upstage"), base_url("ollama")) == (UPSTAGE_URL, OLLAMA_URL)
    assert base_url("https://api.upstage.ai") == base_url("https://api.upstage.ai/v1/solar/") == UPSTAGE_URL
    assert base_url("http://box/") == "http://box/v1"
    assert base_url("http://box/v1/models") == "http://box/v1"
