"""Keys of servers: in the keychain (here one in memory, of keyring's own kind) or the environment, one server's key for that server only."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.compat import properties
from keyring.errors import KeyringLocked, PasswordDeleteError

from solar_chat.errors import InputError, SolarChatError
from solar_chat.keys import SERVICE, ApiKey, forget_key, has_keychain, load_key, save_key, server_of

UPSTAGE = "https://api.upstage.ai/v1"
LAN = "http://192.168.0.2:8000/v1"
SECRET = "up-0123456789abcdef"


class Memory(KeyringBackend):
    """A keychain that forgets."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        super().__init__()  # type: ignore[no-untyped-call]  # keyring leaves its constructors untyped

    @properties.classproperty
    def priority(self) -> float:
        # Never chosen by itself.
        return -1

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError("not found")


class Locked(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("the person said no")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"could not store {password}")


class PlainText(Memory):
    """Like the backends of keyrings.alt, which write files."""


PlainText.__module__ = "keyrings.alt.file"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def keychain() -> Memory:
    memory = Memory()
    keyring.set_keyring(memory)
    return memory


def test_a_key_is_kept_for_its_server(keychain: Memory) -> None:
    save_key(UPSTAGE, f" {SECRET}\n")
    assert keychain.entries == {(SERVICE, "https://api.upstage.ai"): SECRET}
    assert load_key("https://api.upstage.ai/v1/solar", {}) == ApiKey(SECRET, "keychain")
    assert load_key(LAN, {}) is None
    assert load_key("http://api.upstage.ai/v1", {}) is None
    assert forget_key(UPSTAGE) is True
    assert forget_key(UPSTAGE) is False
    assert load_key(UPSTAGE, {}) is None


def test_the_environment(keychain: Memory) -> None:
    both = {"UPSTAGE_API_KEY": "of-upstage", "SOLAR_CHAT_API_KEY": "of-any"}
    assert load_key(UPSTAGE, both) == ApiKey("of-upstage", "environment")
    assert load_key(LAN, both) == ApiKey("of-any", "environment")
    assert load_key(LAN, {"UPSTAGE_API_KEY": "of-upstage"}) is None
    assert load_key(UPSTAGE, {"SOLAR_CHAT_API_KEY": " of-any "}) == ApiKey("of-any", "environment")
    save_key(LAN, "of-the-lan")
    assert load_key(LAN, both) == ApiKey("of-the-lan", "keychain")


@pytest.mark.parametrize("store", [fail.Keyring(), null.Keyring(), PlainText()])  # type: ignore[no-untyped-call]  # as above
def test_without_a_keychain_only_the_environment_is_left(store: KeyringBackend) -> None:
    keyring.set_keyring(store)
    assert not has_keychain()
    with pytest.raises(SolarChatError) as caught:
        save_key(UPSTAGE, SECRET)
    assert (caught.value.key, caught.value.params) == ("key_store_missing", {"variable": "UPSTAGE_API_KEY"})
    assert getattr(store, "entries", {}) == {}
    assert load_key(UPSTAGE, {}) is None
    assert load_key(LAN, {"SOLAR_CHAT_API_KEY": SECRET}) == ApiKey(SECRET, "environment")
    assert forget_key(UPSTAGE) is False


def test_a_chain_is_searched_for_one_that_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    monkeypatch.setattr(ChainerBackend, "backends", [PlainText(), memory])
    keyring.set_keyring(ChainerBackend())  # type: ignore[no-untyped-call]  # as above
    save_key(UPSTAGE, SECRET)
    assert list(memory.entries.values()) == [SECRET]


def test_a_keychain_that_stays_shut() -> None:
    keyring.set_keyring(Locked())
    with pytest.raises(SolarChatError) as caught:
        load_key(LAN, {})
    assert (caught.value.key, caught.value.params) == ("key_store_failed", {"reason": "KeyringLocked", "variable": "SOLAR_CHAT_API_KEY"})
    assert load_key(LAN, {"SOLAR_CHAT_API_KEY": "of-any"}) == ApiKey("of-any", "environment")
    with pytest.raises(SolarChatError) as caught:
        save_key(LAN, SECRET)
    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("secret", ["", "   ", "two words", "줄\n바꿈", "키", "x" * 2000, "a\x00b"])
def test_what_cannot_be_a_key(keychain: Memory, secret: str) -> None:
    with pytest.raises(InputError) as caught:
        save_key(UPSTAGE, secret)
    assert (caught.value.key, caught.value.params) == ("key_invalid", {})
    assert keychain.entries == {}


def test_a_key_does_not_show_itself() -> None:
    key = ApiKey(SECRET)
    assert SECRET not in f"{key} {key!r} {[key]}"
    assert str(key) == "•••"


def test_servers() -> None:
    assert server_of("HTTPS://API.Upstage.ai/v1/solar") == "https://api.upstage.ai"
    assert server_of("http://127.0.0.1:11434/v1") == "http://127.0.0.1:11434"
