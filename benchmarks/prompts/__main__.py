"""Ask, print, write the page.

    python -m benchmarks.prompts [--model FOLDER] [--seeds 3] [--prompts 64] [--out docs/benchmarks/prompts.md] [--replies replies.jsonl]

Every held-out Korean question of `recipes/starter` that is taken is asked at every level. About 20 minutes on one core.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.prompts.asking import Bench, run
from benchmarks.prompts.report import page
from recipes.starter.evaluate import read_prompts
from solar_chat.engine import load_model
from solar_chat.hardware import detect
from solar_chat.language import sentences
from solar_chat.models import STARTER
from solar_chat.settings import Settings

OUT = Path("docs/benchmarks/prompts.md")
KEPT = "## What was kept"
"""From this line on the page is written by hand and left alone."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what helps the model in the box to keep its speech level.")
    parser.add_argument("--model", type=Path, default=STARTER.path, help="folder of a model with the starter's template")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--prompts", type=int, default=64, help="how many of the held-out questions, spread evenly")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--replies", type=Path, help="also write every reply here, as JSON lines")
    options = parser.parse_args()

    sentences("준비.")  # loads the morphological analyser
    korean = [prompt for prompt in read_prompts() if prompt.language == "ko"]
    prompts = [korean[index * len(korean) // options.prompts] for index in range(min(options.prompts, len(korean)))]
    bench = Bench(load_model(replace(STARTER, path=options.model), detect()))
    run(bench, prompts, options.seeds, report=print)
    if options.replies:
        options.replies.write_text("".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in bench.asked), encoding="utf-8")
    name = "the model in the box" if options.model == STARTER.path else options.model.name
    _, mark, by_hand = options.out.read_text(encoding="utf-8").partition(KEPT) if options.out.exists() else ("", "", "")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(f"{page(bench.asked, Settings(), name)}\n{mark}{by_hand}", encoding="utf-8")


if __name__ == "__main__":
    main()
