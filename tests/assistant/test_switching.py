"""Which model answers after a switch that went wrong: the one before, or the one in the box; never none where a person waits."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from solar_chat.assistant import Assistant
from solar_chat.engine import ScriptedBackend
from solar_chat.errors import ModelError, OutOfMemory, SolarChatError
from solar_chat.hardware import detect
from solar_chat.models import quantized_copy, resolve
from tests.models.downloading import tiny_checkpoint


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return tiny_checkpoint(tmp_path / "tiny")


def switched(assistant: Assistant, model: str | Path, *, fall_back: bool = True) -> None:
    assistant.start_loading(str(model), fall_back=fall_back)
    assistant.wait_ready()


def problem_of(assistant: Assistant) -> SolarChatError:
    error = assistant.load_state().error
    assert error is not None
    return error


def test_a_load_keeps_the_program_busy(assistant: Assistant, backend: ScriptedBackend) -> None:
    assert not assistant.busy()
    go = threading.Event()

    def loader() -> ScriptedBackend:
        go.wait(30)
        return ScriptedBackend()

    loading = assistant.machine.engine.load_soon(loader)
    assert assistant.busy()
    go.set()
    loading.result(30)
    # The future is done a moment before the worker is free.
    while assistant.busy():
        pass


class TestFoundInTime:
    @pytest.mark.parametrize(
        ("model", "key"),
        [("no such model", "model_unknown"), ("/nowhere/at/all", "model_folder_missing"), ("/nowhere/x.gguf", "model_file_missing")],
    )
    def test_the_model_in_use_stays(self, assistant: Assistant, backend: ScriptedBackend, model: str, key: str) -> None:
        switched(assistant, model)
        state = assistant.load_state()
        assert (state.stage, state.model, state.device, problem_of(assistant).key) == ("ready", "Solar Starter", "cpu", key)
        assert not backend.closed
        backend.enqueue(["안녕하세요."])
        assert list(assistant.turn(assistant.request("안녕")).stream())

    def test_the_one_a_person_chose_stays_and_not_the_one_in_the_box(self, assistant: Assistant, tiny: Path, tmp_path: Path) -> None:
        switched(assistant, tiny)
        loaded = assistant.machine.engine.backend
        broken = tiny_checkpoint(tmp_path / "broken")
        (broken / "model.safetensors").write_bytes(b"cut")
        switched(assistant, broken)
        assert (assistant.load_state().model, problem_of(assistant).key) == ("tiny", "model_file_broken")
        assert assistant.machine.engine.backend is loaded
        used = assistant.model_in_use()
        assert used is not None
        assert used.path == tiny
        with pytest.raises(ModelError, match="model_in_use"):
            assistant.remove_model(str(tiny))

    def test_what_can_never_fit_costs_nobody_their_model(
        self, assistant: Assistant, backend: ScriptedBackend, tiny: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small = replace(detect(), device="cpu", device_total_bytes=300_000_000)
        monkeypatch.setattr("solar_chat.assistant.switching.detect", lambda: small)
        switched(assistant, tiny)
        assert isinstance(problem_of(assistant), OutOfMemory)
        assert not backend.closed

    def test_who_wants_no_other_model_gets_the_error(self, assistant: Assistant, backend: ScriptedBackend) -> None:
        with pytest.raises(ModelError, match="model_unknown"):
            switched(assistant, "no such model", fall_back=False)
        assert assistant.load_state().stage == "failed"
        assert not backend.closed


def test_what_only_loading_shows_leaves_the_model_in_the_box(assistant: Assistant, backend: ScriptedBackend, tiny: Path) -> None:
    config = tiny / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "intermediate_size": 96}))
    switched(assistant, tiny)
    assert backend.closed
    assert (assistant.load_state().model, problem_of(assistant).key) == ("Solar Starter", "model_weights_mismatch")
    assert assistant.load_state().device == detect().device


def test_what_nobody_expected_is_told_and_logged(
    assistant: Assistant, backend: ScriptedBackend, tiny: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("solar_chat.assistant.switching.check_model", broken)
    switched(assistant, tiny)
    assert problem_of(assistant).key == "load_failed"
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_first_load_that_fails_loads_the_model_in_the_box(assistant: Assistant) -> None:
    assistant.machine.engine._drop_backend()
    switched(assistant, "no such model")
    assert (assistant.load_state().stage, assistant.load_state().model) == ("ready", "Solar Starter")
    assert problem_of(assistant).key == "model_unknown"


class TestNoneIsDeletedThatIsNeeded:
    @pytest.fixture
    def go(self, assistant: Assistant) -> Iterator[threading.Event]:
        """The worker is busy until this is set."""
        go, begun = threading.Event(), threading.Event()

        def prepare() -> None:
            begun.set()
            go.wait(30)

        assistant.machine.engine.switch_soon(prepare)
        assert begun.wait(30)
        yield go
        go.set()

    def test_before_its_loading_has_begun(self, assistant: Assistant, tiny: Path, go: threading.Event) -> None:
        assistant.start_loading("no such model")
        assistant.start_loading(str(tiny))
        assert assistant.load_state().stage == "libraries"
        # Another one that is asked for behind it changes nothing.
        assistant.start_loading("no such model")
        with pytest.raises(ModelError, match="model_in_use"):
            assistant.remove_model(str(tiny))
        go.set()
        assistant.wait_ready()
        with pytest.raises(ModelError, match="model_in_use"):
            assistant.remove_model(str(tiny))

    def test_while_it_loads(self, assistant: Assistant, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        begun, go = threading.Event(), threading.Event()

        def load(*_: object, **__: object) -> ScriptedBackend:
            begun.set()
            assert go.wait(30)
            return ScriptedBackend()

        monkeypatch.setattr("solar_chat.assistant.switching.load_model", load)
        assistant.start_loading(str(tiny))
        assert begun.wait(30)
        with pytest.raises(ModelError, match="model_in_use"):
            assistant.remove_model(str(tiny))
        go.set()
        assistant.wait_ready()

    def test_the_one_before_is_free_again(self, assistant: Assistant, tiny: Path) -> None:
        switched(assistant, tiny)
        switched(assistant, "starter")
        with pytest.raises(ModelError, match="model_not_downloaded"):
            assistant.remove_model(str(tiny))

    def test_a_load_that_failed_does_not_give_up_the_one_in_use(self, assistant: Assistant, tiny: Path) -> None:
        switched(assistant, tiny)
        with pytest.raises(ModelError, match="model_unknown"):
            switched(assistant, "no such model", fall_back=False)
        with pytest.raises(ModelError, match="model_in_use"):
            assistant.remove_model(str(tiny))


class TestFourBits:
    @pytest.fixture(autouse=True)
    def _everything_is_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("solar_chat.hardware.SMALL_FLOAT32_BYTES", 0)
        monkeypatch.setattr("solar_chat.engine.weights.LEAST_SAVED_PARAMETERS", 20_000)

    def test_a_load_leaves_a_copy(self, assistant: Assistant, tiny: Path) -> None:
        assert assistant.quantized_copy(str(tiny)) is None
        switched(assistant, tiny)
        copy = assistant.quantized_copy(str(tiny))
        assert copy is not None
        assert copy.folder.is_relative_to(assistant.home.models)
        assert assistant.load_state().notice is None
        with pytest.raises(ModelError, match="full_weights_yours"):
            assistant.drop_full_weights(str(tiny))

    def test_without_room_it_is_said(self, assistant: Assistant, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("solar_chat.models.quantized.DISK_RESERVE_BYTES", 10**18)
        switched(assistant, tiny)
        state = assistant.load_state()
        assert (state.stage, state.error) == ("ready", None)
        assert state.notice is not None
        assert state.notice.key == "four_bit_disk"
        assert quantized_copy(resolve(tiny), assistant.home.models) is None
