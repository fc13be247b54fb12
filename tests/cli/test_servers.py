"""`models offered` and `models key`, with a server on this machine and a keychain in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator

import keyring
import pytest
from click.testing import CliRunner
from keyring.backend import KeyringBackend
from keyring.compat import properties

from solar_chat.cli.commands import build
from solar_chat.cli.options import Start
from solar_chat.errors import ModelError
from solar_chat.i18n import Catalogue
from tests.engine.openai_server import MODEL, OpenAIServer, says

SECRET = "up-0123456789abcdef"


class Memory(KeyringBackend):
    """A keychain that forgets."""

    entries: dict[str, str]

    @properties.classproperty
    def priority(self) -> float:
        # Never chosen by itself.
        return -1

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[username]


@pytest.fixture
def keychain() -> Iterator[Memory]:
    before = keyring.get_keyring()
    memory = Memory()  # type: ignore[no-untyped-call]  # keyring leaves its constructors untyped
    memory.entries = {}
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def run(*arguments: str, typed: str = "") -> str:
    done = CliRunner().invoke(build(Catalogue.load(), "en", Start(str)), list(arguments), input=typed, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_a_key_is_read_kept_used_and_removed(keychain: Memory) -> None:
    server = OpenAIServer(says("네."), max_model_len=8192)
    address = server.url.removesuffix("/v1")
    assert run("models", "key", address, typed=f"{SECRET}\n") == f"The key of {address} is in the system's keychain.\n"
    assert keychain.entries == {address: SECRET}
    assert run("models", "offered", server.url) == f"{MODEL}\n"
    assert server.listed[0].headers["authorization"] == f"Bearer {SECRET}"
    assert json.loads(run("models", "offered", server.url, "--json")) == [{"id": MODEL, "context_tokens": 8192, "owner": "vllm"}]
    assert run("models", "key", address, "--forget") == "The key was removed.\n"
    assert run("models", "key", address, "--forget") == "No key was saved.\n"
    server.shutdown()
    server.server_close()


def test_an_address_that_is_none(keychain: Memory) -> None:
    with pytest.raises(ModelError) as caught:
        run("models", "key", "box:8000", typed=SECRET)
    assert caught.value.key == "remote_bad_url"
    assert keychain.entries == {}


def test_where_a_model_answers() -> None:
    assert "leaves this computer" in run("models", "show", "upstage:solar-pro4")
    assert "on a server of this computer" in run("models", "show", "ollama:solar")
    shown = json.loads(run("models", "show", "remote:http://box#m", "--json"))
    expected = {"id": "remote:http://box/v1#m", "name": "m", "server": "http://box/v1", "leaves_machine": True}
    assert {name: shown[name] for name in expected} == expected
