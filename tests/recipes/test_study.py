"""The study: its design, its text, a kill and a resume, and a page whose numbers are those of the curves."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recipes.study import report, run
from recipes.study.curves import Point, append, is_finished, read
from recipes.study.design import FULL, QUICK, Design
from recipes.study.results import Figure, Results
from recipes.study.run import Study, prepare
from recipes.study.text import Corpus, divide

TINY = replace(QUICK, width=24, inner=24, base_steps=3, arm_steps=2, measure_every=1, heldout_rows=2, seeds=(0,))


def test_every_arm_is_as_deep_and_its_seams_are_those_that_are_studied() -> None:
    plans = FULL.plans
    assert {plan.layers for plan in plans.values()} == {12}
    assert {arm: plan.seam_distance for arm, plan in plans.items() if plan.seams} == {"slices-each": 0, "slices-blocks": 1, "dus": 3, "slices-far": 7}
    assert plans["dus"].sources == (0, 1, 2, 3, 4, 5, 2, 3, 4, 5, 6, 7)
    assert len(plans["identity"].zeroed) == 4
    assert plans["identity"].seams == ()
    # Where the stacks begin and end is not what is compared.
    assert {(plan.sources[0], plan.sources[-1]) for plan in plans.values()} == {(0, 7)}


def test_parameters_are_those_of_the_model_and_compute_is_equal() -> None:
    from transformers import LlamaForCausalLM

    for layers in (8, 12):
        assert sum(parameter.numel() for parameter in LlamaForCausalLM(FULL.config(layers)).parameters()) == FULL.parameters(layers)
    base, deep = (FULL.steps_of(arm) * FULL.token_flops(FULL.layers_of(arm)) for arm in ("base", "dus"))
    assert deep <= base < deep + FULL.token_flops(8)


def test_a_design_survives_its_file() -> None:
    assert Design.from_json(json.loads(json.dumps(FULL.to_json()))) == FULL


def test_twins_in_another_speech_level_go_to_the_same_side() -> None:
    lines = [f"{number}번째로 하는 말은 이것{end}" for number in range(400) for end in ("이야", "입니다", "이에요")]
    training, held_out = divide(lines)
    assert 0 < len(held_out) < 100
    assert not {line.split("로")[0] for line in training} & {line.split("로")[0] for line in held_out}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    from recipes.study.text import read_lines

    return Corpus(read_lines([]), TINY)


def test_batches_overlap_by_a_token_and_depend_on_the_seed_alone(corpus: Corpus) -> None:
    rows = corpus.batches(seed=3, steps=5)
    assert rows.shape == (5 * TINY.batch_rows, TINY.context_tokens + 1)
    assert (rows[1:, 0] == rows[:-1, -1]).all()
    assert np.array_equal(rows, corpus.batches(seed=3, steps=5))
    assert not np.array_equal(rows, corpus.batches(seed=4, steps=5))
    # A longer run begins as the shorter one: the base reads on, the arms read the same.
    assert np.array_equal(rows, corpus.batches(seed=3, steps=9)[: len(rows)])


def test_too_little_text_and_too_many_letters_are_refused(corpus: Corpus) -> None:
    with pytest.raises(ValueError, match="too few"):
        Corpus(["한 줄"], TINY, corpus.tokenizer)
    with pytest.raises(ValueError, match="tokens at least"):
        Corpus([chr(0xAC00 + number) * 2 for number in range(600)], replace(TINY, vocabulary=300))


def test_a_curve_that_was_cut_off_and_gone_on_with(tmp_path: Path) -> None:
    curve = tmp_path / "curve.jsonl"
    for step, loss in ((0, 5.0), (2, 4.0)):
        append(curve, Point("dus", 0, step, step * 10, loss))
    with curve.open("a", encoding="utf-8") as file:
        file.write('{"arm": "dus", "se\n')
    append(curve, Point("dus", 0, 2, 20, 4.5))
    assert [(point.step, point.loss) for point in read(curve)] == [(0, 5.0), (2, 4.5)]
    assert is_finished(curve, 2)
    assert not is_finished(curve, 3)
    assert read(tmp_path / "none.jsonl") == []


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study")
    Study(out, TINY, prepare(out, TINY, [])).run()
    return out


def test_a_killed_study_ends_where_an_undisturbed_one_does(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = prepare(tmp_path, TINY, [])
    measured = 0

    def killed(curve: Path, point: Point) -> None:
        nonlocal measured
        measured += 1
        if measured == 6:
            raise KeyboardInterrupt
        append(curve, point)

    monkeypatch.setattr(run, "append", killed)
    with pytest.raises(KeyboardInterrupt):
        Study(tmp_path, TINY, corpus, save_every_s=-1.0).run()
    monkeypatch.setattr(run, "append", append)
    Study(tmp_path, TINY, prepare(tmp_path, TINY, []), save_every_s=-1.0).run()
    for curve in sorted((finished / "curves").iterdir()):
        assert read(tmp_path / "curves" / curve.name) == read(curve), curve.name


def test_untrained_identity_is_the_base_and_the_others_are_not(finished: Path) -> None:
    results = Results.load(finished)
    assert results.jump("identity", 0) == pytest.approx(0, abs=1e-5)
    assert all(abs(results.jump(arm, 0)) > 1e-5 for arm in ("dus", "slices-each", "slices-blocks", "slices-far"))
    assert results.tokens_to_base("identity", 0) == pytest.approx(0, abs=TINY.step_tokens)


def test_a_folder_of_another_study_is_refused(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="another design or text"):
        prepare(finished, replace(TINY, arm_steps=5), [])
    with pytest.raises(SystemExit):
        run.main(["--out", str(finished), "--quick"])
    assert "take another folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        report.main([str(tmp_path)])
    assert "holds no study" in capsys.readouterr().err


def test_a_seed_that_is_not_finished_does_not_count(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "half")
    (tmp_path / "half" / "curves" / "seed0-dus-end.jsonl").unlink()
    with pytest.raises(ValueError, match="no seed"):
        Results.load(tmp_path / "half")


def _made_up(folder: Path) -> Results:
    """A study of two seeds with losses that can be reckoned with by head."""
    design = replace(FULL, base_steps=10, arm_steps=10, measure_every=5, seeds=(0, 1))
    (folder / "curves").mkdir(parents=True)
    facts = design.to_json() | {"files": ["a.txt"], "lines": 3, "training_tokens": 1000}
    (folder / "design.json").write_text(json.dumps(facts), encoding="utf-8")
    for seed in design.seeds:
        for arm in ("base", "scratch"):
            for step, loss in ((0, 7.0), (10, 4.0 if arm == "base" else 5.0)):
                append(folder / "curves" / f"seed{seed}-{arm}-start.jsonl", Point(arm, seed, step, step * design.step_tokens, loss))
        for arm in design.arms:
            begin = {"base": 4.0, "identity": 4.0, "scratch": 5.0}.get(arm, 4.5)
            # DUS ends on either side of the base, by seed.
            end = {"base": 3.5, "scratch": 4.0, "dus": 3.4 + 0.2 * seed}.get(arm, 3.3)
            for step in (0, 10, design.steps_of(arm)):
                loss = begin + (end - begin) * min(step, 10) / 10
                point = Point(arm, seed, step, (10 + step) * design.step_tokens, loss)
                append(folder / "curves" / f"seed{seed}-{arm}-end.jsonl", point)
    return Results.load(folder)


def test_figures_are_what_the_curves_say(tmp_path: Path) -> None:
    results = _made_up(tmp_path / "out")
    assert results.jump("dus", 0) == pytest.approx(0.5)
    # From 4.5 to 3.4 in 10 steps; 4.0 is reached after 5/11 of them.
    assert results.tokens_to_base("dus", 0) == pytest.approx(10 * results.design.step_tokens * 5 / 11)
    assert results.tokens_to_base("identity", 0) == 0
    assert results.tokens_to("dus", 0, 3.0) is None
    assert results.tokens_to_scratch("slices-each", 1) == pytest.approx(10 * results.design.step_tokens * 0.5 / 1.2)
    assert results.at_equal_compute("dus", 0) == pytest.approx(3.4)
    # Random weights were more expensive from the first token, so at equal compute they are not at their end.
    assert 4.0 < results.at_equal_compute("scratch", 0) < 5.0
    assert Figure((0.1, -0.1)).side == 0
    assert Figure((-0.11, -0.1, -0.12)).side == -1
    # Three of one sign are no proof: their interval holds zero.
    assert Figure((0.1, 0.9, 0.2)).side == 0
    assert Figure((0.5,)).side == 0


def test_the_page_says_what_was_measured(tmp_path: Path) -> None:
    _made_up(tmp_path / "out")
    report.main([str(tmp_path / "out"), "--docs", str(tmp_path / "docs")])
    page = (tmp_path / "docs" / "README.md").read_text(encoding="utf-8")
    assert "| `dus` | 4.500 ± 0.000 | 3.500 ± 0.141 | 3.500 ± 0.141 |" in page
    assert "Untrained, `identity` has its base's loss" in page
    assert "After equal tokens, beside the base trained on: better: `identity`, `slices-each`" in page
    assert "no difference shown: `dus`." in page
    assert "+0.000 ± 0.141 (?)" in page
    drawn = {path.name: path.read_bytes() for path in (tmp_path / "docs").glob("*.svg")}
    assert set(drawn) == {"tokens.svg", "compute.svg", "seams.svg"}
    report.main([str(tmp_path / "out"), "--docs", str(tmp_path / "docs")])
    assert {path.name: path.read_bytes() for path in (tmp_path / "docs").glob("*.svg")} == drawn
