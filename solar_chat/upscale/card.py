"""The model card of a result: what it is, what it was made of and by which command, under the licence of its source.

The rule: the card says in plain words what an untrained stack is worth, and invents no licence where the source names none.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from solar_chat.checkpoint import Checkpoint
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.upscale.plan import DepthPlan
from solar_chat.upscale.recipe import Recipe

CARD = "README.md"
_FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)
# What the licence consists of on the Hub, and the languages, which more layers do not change.
_CARRIED = ("license", "license_name", "license_link", "language")


def model_card(recipe: Recipe, source: Checkpoint, name: str, parameters: int, catalogue: Catalogue, lang: InterfaceLanguage) -> str:
    """Markdown with front matter; `name` is the result's, `parameters` its count."""
    plan = recipe.plan
    carried = _carried(source.folder)

    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, f"upscale_card.{key}", **params)

    licence = _value(carried, "license_name") or _value(carried, "license")
    front = [*carried, f"base_model: {json.dumps(recipe.source, ensure_ascii=False)}", "library_name: transformers"]
    front += ["tags:", "- depth-up-scaling", f"- {plan.method}", "- solar-chat"]
    lines = ["---", *front, "---", "", f"# {name}", ""]
    lines += [say("what", source=recipe.source, before=plan.source_layers, after=plan.layers, parameters=f"{parameters:,}"), ""]
    lines += [say("identity" if plan.method == "identity" else "raw"), ""]
    lines += [f"## {say('layers')}", "", *_table(plan, say("new"), say("old"), say("zeros")), ""]
    lines += [f"## {say('made')}", "", "```", recipe.command, "```", "", say("recipe"), ""]
    lines += [
        f"## {say('licence')}",
        "",
        say("licence_of", licence=licence, source=recipe.source) if licence else say("licence_none", source=recipe.source),
    ]
    return "\n".join(lines) + "\n"


def layer_runs(plan: DepthPlan) -> list[tuple[int, int, int, int, bool]]:
    """The plan in few words: (first new layer, last new layer, first source layer, last source layer, zeroed)."""
    runs: list[tuple[int, int, int, int, bool]] = []
    for new, old in enumerate(plan.sources):
        zeroed = new in plan.zeroed
        if runs and runs[-1][3] + 1 == old and runs[-1][4] == zeroed:
            runs[-1] = (runs[-1][0], new, runs[-1][2], old, zeroed)
        else:
            runs.append((new, new, old, old, zeroed))
    return runs


def span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def _table(plan: DepthPlan, new: str, old: str, zeros: str) -> list[str]:
    rows = [f"| {span(a, b)} | {span(c, d)}{f' ({zeros})' if zeroed else ''} |" for a, b, c, d, zeroed in layer_runs(plan)]
    return [f"| {new} | {old} |", "|---|---|", *rows]


def _carried(folder: Path) -> list[str]:
    """The lines of the source's front matter that hold for the result too."""
    card = next((path for name in (CARD, "MODEL_CARD.md") if (path := folder / name).is_file()), None)
    front = _FRONT.match(card.read_text(encoding="utf-8", errors="replace")) if card is not None else None
    carried: list[str] = []
    taking = False
    for line in front[1].splitlines() if front else []:
        if re.match(r"\S", line) and not line.startswith("- "):
            taking = line.split(":")[0] in _CARRIED
        if taking:
            carried.append(line)
    return carried


def _value(lines: list[str], key: str) -> str | None:
    found = next((line for line in lines if line.startswith(f"{key}:")), None)
    return found.partition(":")[2].strip().strip("'\"") or None if found else None
