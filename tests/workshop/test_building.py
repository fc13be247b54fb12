"""Building beside the model that answers: one at a time, called off without a trace, proven or refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from solar_chat.errors import InputError
from solar_chat.i18n import Catalogue
from solar_chat.paths import Home
from solar_chat.upscale import Checkpoint, DepthPlan
from solar_chat.workshop import building
from solar_chat.workshop.building import Builds, Order
from solar_chat.workshop.exporting import export_model
from solar_chat.workshop.measuring import measure
from solar_chat.workshop.preview import plan_notes, preview, read_slices
from solar_chat.workshop.shelf import sources_here
from solar_chat.workshop.source import Source, open_source
from solar_chat.workshop.upscaling import Steps, build, choose_plan
from tests.export.conftest import CPU
from tests.talk import TALK


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.find(tmp_path / "집").create()


@pytest.fixture
def builds(home: Home) -> Iterator[Builds]:
    made = Builds(home, Catalogue.load(), lambda: CPU)
    yield made
    made.close()


@pytest.fixture
def starter(home: Home) -> Source:
    return open_source("starter", home, weights=False)


def order(home: Home, drop: int = 4, name: str = "deep") -> Order:
    return Order("starter", choose_plan(12, drop, None, "dus"), home.built / name, "ko")


def test_built_then_proven(builds: Builds, home: Home, starter: Source) -> None:
    builds.start(starter, order(home))
    now = builds.wait(60)
    assert (now.stage, now.whole, now.active, now.error) == ("built", True, False, None)
    assert now.done_bytes == now.total_bytes > 0
    assert Checkpoint.read(home.built / "deep").layers == 16
    assert {"README.md", "upscale.json", "tokenizer.json"} <= {path.name for path in (home.built / "deep").iterdir()}
    builds.verify()
    now = builds.wait(60)
    assert now.stage == "verified"
    assert now.proof is not None
    assert now.proof.compared_bytes == Checkpoint.read(home.built / "deep").bytes
    builds.forget()
    assert builds.state.stage == "idle"
    assert sources_here((), home) == ("starter", str(home.built / "deep"))


def test_measured_and_exported_beside_its_proof(builds: Builds, home: Home, starter: Source) -> None:
    builds.start(starter, order(home))
    builds.wait(60)
    builds.verify()
    builds.wait(60)
    shares: list[float] = []
    builds.measure(TALK)
    while builds.state.active:
        shares.append(builds.state.share)
        builds.wait(0.01)
    now = builds.state
    assert (now.stage, now.error, now.reading) == ("measured", None, None)
    assert shares == sorted(shares)
    assert now.measurement is not None
    comparison = now.measurement.measured.comparison
    assert comparison.verdict == "worse"
    assert (now.measurement.source, comparison.seams) == ("starter", (8,))
    assert (home.built / "deep" / "upscale.png").read_bytes().startswith(b"\x89PNG")
    builds.export("q8_0")
    now = builds.wait(60)
    assert (now.stage, now.error) == ("exported", None)
    assert now.export is not None
    assert now.export[0].gguf == home.built / "deep-q8_0.gguf"
    assert {path.name for path in home.built.iterdir()} == {"deep", "deep-q8_0.gguf", "Modelfile"}
    # What was found out before is still known, also when the next thing fails.
    assert (now.proof is not None, now.measurement is not None) == (True, True)
    builds.export("q8_0")
    now = builds.wait(60)
    assert now.stage == "failed"
    assert now.error is not None
    assert now.error.key == "export_target_exists"
    assert (now.whole, now.export is not None, now.source_name) == (True, True, "starter")


@pytest.mark.parametrize(("name", "begin"), [("measure", Builds.measure), ("export_model", lambda builds: builds.export("f16"))])
def test_a_measurement_or_an_export_that_is_called_off(
    name: str, begin: Callable[[Builds], None], builds: Builds, home: Home, starter: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds.start(starter, order(home))
    builds.wait(60)
    reached, goes_on = threading.Event(), threading.Event()
    real = getattr(building, name)

    def slow(*given: object, **named: object) -> object:
        reached.set()
        goes_on.wait(30)
        return real(*given, **named)

    monkeypatch.setattr(building, name, slow)
    begin(builds)
    assert reached.wait(30)
    builds.cancel()
    goes_on.set()
    now = builds.wait(60)
    assert (now.stage, now.whole) == ("built", True)
    assert [path.name for path in home.built.iterdir()] == ["deep"]
    assert not (home.built / "deep" / "upscale.png").exists()


def test_a_result_that_was_changed_is_not_proven(builds: Builds, home: Home, starter: Source) -> None:
    builds.start(starter, order(home))
    builds.wait(60)
    weights = home.built / "deep" / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    builds.verify()
    now = builds.wait(60)
    assert now.stage == "failed"
    assert now.error is not None
    assert now.error.key == "upscale_differs_bytes"
    assert not now.whole
    # There is nothing to prove any more.
    builds.verify()
    assert builds.state.stage == "failed"


def test_called_off_in_the_middle(builds: Builds, home: Home, starter: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, goes_on = threading.Event(), threading.Event()

    def slow(source: object, plan: object, out: Path, *_: object, progress: Steps, **__: object) -> None:
        def step(done: int, total: int) -> None:
            reached.set()
            goes_on.wait(30)
            progress(done, total)

        build(source, plan, out, Catalogue.load(), "ko", progress=step)  # type: ignore[arg-type]  # handed on as they come

    monkeypatch.setattr("solar_chat.workshop.building.build", slow)
    builds.start(starter, order(home))
    assert reached.wait(30)
    assert builds.state.stage == "building"
    with pytest.raises(InputError, match="upscale_one_at_a_time"):
        builds.start(starter, order(home, name="other"))
    builds.cancel()
    goes_on.set()
    now = builds.wait(60)
    assert (now.stage, now.whole) == ("cancelled", False)
    assert list(home.built.iterdir()) == []
    # Whoever calls off may begin again.
    monkeypatch.undo()
    builds.start(starter, order(home))
    assert builds.wait(60).stage == "built"


def test_a_proof_that_is_called_off_leaves_the_result(builds: Builds, home: Home, starter: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    builds.start(starter, order(home))
    builds.wait(60)
    reached = threading.Event()

    def stuck(*_: object, progress: Steps) -> None:
        reached.set()
        while True:
            progress(1, 2)

    monkeypatch.setattr("solar_chat.workshop.building.verify", stuck)
    builds.verify()
    assert reached.wait(30)
    builds.cancel()
    now = builds.wait(60)
    assert (now.stage, now.whole) == ("built", True)


@pytest.mark.parametrize(
    ("spoil", "key"),
    [
        (lambda home, patch: (home.built / "deep").mkdir(parents=True), "upscale_target_exists"),
        (lambda home, patch: patch.setattr("shutil.disk_usage", lambda _: type("", (), {"free": 1000})), "upscale_no_room"),
        (lambda home, patch: home.built.write_text("a file"), "upscale_write_failed"),
    ],
)
def test_what_cannot_be_is_refused_before_it_begins(spoil: object, key: str, builds: Builds, home: Home, starter: Source) -> None:
    with pytest.MonkeyPatch.context() as patch:
        assert callable(spoil)
        spoil(home, patch)
        with pytest.raises(InputError, match=key):
            builds.start(starter, order(home))
    assert builds.state.stage == "idle"


def test_a_source_that_went_away_fails_in_words(builds: Builds, home: Home, starter: Source) -> None:
    builds.start(starter, Order(str(home.data / "gone"), choose_plan(12, 3, None, "dus"), home.built / "deep", "ko"))
    now = builds.wait(60)
    assert now.stage == "failed"
    assert now.error is not None
    assert now.error.key == "model_folder_missing"
    assert not home.built.exists()


def test_what_nobody_expected_is_told_and_logged(
    builds: Builds, home: Home, starter: Source, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(building, "build", broken)
    builds.start(starter, order(home))
    now = builds.wait(60)
    assert now.error is not None
    assert now.error.key == "upscale_stopped"
    assert [(record.getMessage(), record.exc_info is not None) for record in caplog.records] == [("building failed", True)]


def test_a_source_that_is_not_here_is_not_fetched(builds: Builds, home: Home, starter: Source) -> None:
    away = Source(replace(starter.checkpoint, folder=home.models / "away"), "owner/away", on_hub=True)
    assert preview(away, choose_plan(12, 4, None, "dus")).download_bytes == 21901824
    with pytest.raises(InputError, match="upscale_not_here"):
        builds.start(away, order(home))


@pytest.mark.parametrize("typed", ["~~~", "~~~.safetensors", "m" * 300])
def test_what_can_be_no_path_is_said(home: Home, builds: Builds, starter: Source, typed: str) -> None:
    with pytest.raises(InputError, match="path_unusable"):
        open_source(typed, home, weights=False)
    with pytest.raises(InputError, match="path_unusable"):
        export_model("starter", Path(f"{typed}.gguf"), "f16", home)
    with pytest.raises(InputError, match="path_unusable"):
        measure(starter, starter.checkpoint.folder, CPU, Path(typed))


def test_slices_as_typed() -> None:
    assert read_slices(" 0:24, 8:32") == [(0, 24), (8, 32)]
    for nonsense in ("", "0-24", "0:24,", "a:b", "0:24;8:32"):
        with pytest.raises(InputError, match="upscale_slices_form"):
            read_slices(nonsense)


def test_the_preview_counts_what_will_be(starter: Source) -> None:
    seen = preview(starter, choose_plan(12, 4, None, "dus"))
    assert (seen.plan.layers, seen.plan.seam_distance, seen.download_bytes) == (16, 3, 0)
    assert (seen.source_bytes, seen.source_parameters) == (21901824, 10950912)
    assert seen.parameters - seen.source_parameters == 4 * 737792


def test_warnings_end_with_what_it_is_worth() -> None:
    assert list(plan_notes(DepthPlan.solar(12, 3))) == ["raw"]
    assert list(plan_notes(DepthPlan.identity(12, 3))) == ["identity"]
    assert list(plan_notes(DepthPlan.slices(12, [(1, 9), (1, 10)]))) == ["first", "last", "left_out", "raw"]
