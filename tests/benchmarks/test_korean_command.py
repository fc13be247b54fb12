"""The benchmark as a process: what a person types, and what comes out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.korean", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120, encoding="utf-8")


def test_json_report_and_errors_of_chosen_parts(folder: Path, tmp_path: Path) -> None:
    report, errors = tmp_path / "new" / "report.md", tmp_path / "errors.jsonl"
    done = run("--data", str(folder), "--only", "family,matrix", "--json", "--write", str(report), "--errors", str(errors))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rows = {row["what"]: row for row in found["rows"]}
    assert {row["part"] for row in found["rows"]} == {"family", "matrix"}
    assert rows["CoCoA-ko train"]["ours"] == 1.0
    assert rows["StyleKQC dev"]["missing"].endswith("https://github.com/cynthia/stylekqc")
    assert set(found["circumstances"]["libraries"]) == {"kiwipiepy", "kiwipiepy_model", "langdetect"}
    assert "| family | KHT valid " in report.read_text(encoding="utf-8")
    wrong = [json.loads(line) for line in errors.read_text(encoding="utf-8").splitlines()]
    assert ("korean-honorific-translation/src-valid.txt", 3) in {(line["set"], line["line"]) for line in wrong}


def test_an_unknown_part_is_refused() -> None:
    done = run("--only", "family,tone")
    assert done.returncode == 2
    assert "no such part: tone; there are family, level, documents" in done.stderr
