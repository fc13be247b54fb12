"""The inference benchmark on a toy: the command runs, its rows are those of the page, its ratios come from its figures."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.inference.checkpoint import write_checkpoint, write_gguf
from benchmarks.inference.rows import Row
from benchmarks.inference.shapes import SOLAR, TOY
from benchmarks.inference.timing import passage
from solar_chat.engine.checkpoint import read_checkpoint
from solar_chat.engine.gguf_file import read_gguf

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.inference", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300, encoding="utf-8")


def rows_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    return rows


def recomputed(row: dict[str, Any]) -> float:
    more_is_better = row["unit"] in ("tokens/s", "GB/s")
    pairs: Iterable[tuple[float, float]] = zip(row["ours"], row["theirs"], strict=True)
    return statistics.median(ours / theirs if more_is_better else theirs / ours for ours, theirs in pairs)


def test_on_a_cpu_both_engines_stand_beside_their_peers(tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.md"
    done = run("--toy", "--json", "--write", str(page), "--work", str(tmp_path))
    rows = rows_of(done)
    assert {(row["what"], row["peer"], row["goal"]) for row in rows if row["goal"]} == {
        ("llama.cpp: decode", "raw xllamacpp, same settings", 0.97),
        ("llama.cpp: prefill", "raw xllamacpp, same settings", 0.97),
        ("transformers: decode", "generate of transformers", 1.1),
        ("transformers: decode behind a long history", "generate of transformers", 1.1),
        ("transformers: first token of the tenth turn", "generate of transformers", 5.0),
    }
    assert {"llama.cpp: load", "llama.cpp: first token, prompt read early"} < {row["what"] for row in rows}
    for row in rows:
        assert min(*row["ours"], *row["theirs"]) > 0, row["what"]
        if len(row["ours"]) == len(row["theirs"]):
            assert row["ratio"] == pytest.approx(recomputed(row))
    assert len(page.read_text(encoding="utf-8").split("| what ")[1].split("\n\n")[0].splitlines()) == len(rows) + 2
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_the_run_for_a_card_can_be_tried_without_one() -> None:
    rows = rows_of(run("--toy", "--device", "cuda", "--layers", "1", "--json"))
    goals = {row["what"]: row["goal"] for row in rows}
    assert goals["transformers: decode"] == 2.5
    # Bytes read for a token times tokens a second; of a toy's quarter of a megabyte of layer, head and history.
    limit = next(row for row in rows if row["what"] == "transformers: bytes read for a token, short prompt")
    decode = next(row for row in rows if row["what"] == "transformers: decode")
    assert 0.3e-3 < limit["ours"][0] / decode["ours"][0] < 0.9e-3


def test_without_a_card_it_is_refused_in_a_line() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a card")
    done = run("--device", "cuda")
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "no CUDA device here: run `--device cuda` where torch.cuda.is_available(), or add --toy to try the command on a CPU"
    )


def test_ratios_and_goals_are_computed() -> None:
    fast = Row("decode", "tokens/s", [20.0, 30.0, 10.0], "peer", [10.0, 10.0, 10.0], 1.9)
    assert (fast.ratio, fast.met) == (2.0, True)
    slow = Row("first token", "s", [2.0, 4.0], "peer", [8.0, 8.0], 5.0)
    assert (slow.ratio, slow.met) == (3.0, False)
    assert Row("load", "s", [2.0], "peer", [1.0, 3.0, 4.0]).ratio == 1.5
    assert [Row("vram", "GB", [gb], goal=7.5).met for gb in (7.4, 7.6)] == [True, False]
    assert Row("load", "s", [2.0]).ratio is None


def test_its_models_are_real_ones(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model", TOY)
    assert read_checkpoint(folder).parameters == TOY.parameters
    file = read_gguf(write_gguf(tmp_path / "model.gguf", TOY, folder))
    assert file.parameters == TOY.parameters
    # Four and a half bits a weight, six and a half for the head and a few others.
    assert 4.5 < 8 * file.weight_bytes / TOY.parameters < 6
    assert SOLAR.parameters == 10_731_524_096


def test_texts_have_the_asked_length_and_no_common_beginning() -> None:
    def words(text: str) -> int:
        return len(text.split())

    first, second = passage(words, 100, 1), passage(words, 100, 2)
    assert 90 < words(first) <= 100
    assert first[0] != second[0]
