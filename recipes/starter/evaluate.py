"""What the model in the box can do, measured on 200 prompts it never saw, before anything is repaired.

    python -m recipes.starter.evaluate [--model assets/models/starter] [--json] [--show 20]

Each prompt goes through the app's own engine with the app's own system prompt; the guard, which would repair slips, is not asked. Replies are judged
by rule (speech level, language, script, loops), not for wisdom: read some with `--show` before believing the table.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from recipes.starter.data import HELDOUT
from solar_chat.engine import Backend, Finished, GenerationRequest, Sampling, TextPiece, load_model
from solar_chat.hardware import detect
from solar_chat.language import complies, sentences
from solar_chat.levels import Level
from solar_chat.messages import Message
from solar_chat.paths import STARTER_MODEL
from solar_chat.prompts import TEMPLATES, ReplyLanguage, system_prompt

TEMPLATE = TEMPLATES["starter"]
MAX_REPLY_TOKENS = 120
_WORDS_IN_LOOP = 4
_LOOP_LIMIT = 3
_FOREIGN = re.compile(r"[\u0370-\u052f\u0590-\u074f\u0900-\u0e7f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufffd]")
_HANGUL = re.compile(r"[가-힣]")
_LATIN = re.compile(r"[A-Za-z]")
_CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One held-out question and how it shall be answered."""

    id: str
    source: str
    prompt: str
    language: ReplyLanguage
    level: Level | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One reply and what the rules say about it."""

    prompt: Prompt
    reply: str
    tokens: int
    ended: bool
    """The model ended the reply itself within MAX_REPLY_TOKENS."""
    exact_level: bool
    """Every sentence with a level has the asked one; Korean replies only."""
    complies: bool
    """As the app's badge judges: native mixtures such as 합쇼체 inside 해요체 pass."""
    right_language: bool
    looping: bool
    foreign_script: bool


@dataclass(frozen=True, slots=True)
class StarterSpec:
    """The model under test, as the engine's loader wants to know it."""

    id: str
    path: Path | None
    context_tokens: int = 4096


def read_prompts(path: Path = HELDOUT) -> list[Prompt]:
    return [Prompt(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def recommended_sampling(folder: Path, seed: int) -> Sampling:
    """The sampling that the model's own generation_config.json asks for."""
    config = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    return Sampling(
        temperature=config.get("temperature", 1.0),
        top_p=config.get("top_p", 1.0),
        repetition_penalty=config.get("repetition_penalty", 1.0),
        seed=seed,
    )


def ask(backend: Backend, messages: Sequence[Message], sampling: Sampling) -> tuple[str, Finished]:
    """One whole reply."""
    request = GenerationRequest(TEMPLATE.render(messages), MAX_REPLY_TOKENS, TEMPLATE.stop, sampling)
    pieces: list[str] = []
    for event in backend.stream(request, threading.Event()):
        match event:
            case TextPiece():
                pieces.append(event.text)
            case Finished():
                return "".join(pieces).strip(), event
    raise RuntimeError("the stream ended without Finished")


def judge(prompt: Prompt, reply: str, finished: Finished) -> Judged:
    found = sentences(reply) if prompt.language == "ko" else ()
    levels = {sentence.level for sentence in found} - {"none"}
    return Judged(
        prompt=prompt,
        reply=reply,
        tokens=finished.reply_tokens,
        ended=finished.reason == "stop",
        exact_level=levels == {prompt.level},
        complies=prompt.level is None or complies(reply, prompt.level),
        right_language=_language(reply) == prompt.language,
        looping=_loops(reply),
        foreign_script=_FOREIGN.search(reply) is not None,
    )


def _language(reply: str) -> ReplyLanguage | None:
    """By words, code left out: one with any Hangul is Korean (particles stick to terms), one in Latin letters alone is English."""
    words = _CODE.sub(" ", reply).split()
    korean = sum(_HANGUL.search(word) is not None for word in words)
    english = sum(_LATIN.search(word) is not None and _HANGUL.search(word) is None for word in words)
    if korean == english:
        return "ko" if korean else None
    return "ko" if korean > english else "en"


def _loops(reply: str) -> bool:
    words = reply.split()
    runs = Counter(tuple(words[start : start + _WORDS_IN_LOOP]) for start in range(len(words) - _WORDS_IN_LOOP + 1))
    return max(runs.values(), default=0) > _LOOP_LIMIT


def summary(judged: Sequence[Judged], seconds: float, load_seconds: float) -> dict[str, float]:
    """Shares in percent, speed in tokens a second over all replies, prompts read included."""
    korean = [one for one in judged if one.prompt.language == "ko"]

    def percent(part: int, whole: int) -> float:
        return round(100 * part / max(1, whole), 1)

    table: dict[str, float] = {"prompts": len(judged), "korean_prompts": len(korean)}
    table["level_exact_percent"] = percent(sum(one.exact_level for one in korean), len(korean))
    for level in ("formal", "polite", "casual", "plain"):
        of_level = [one for one in korean if one.prompt.level == level]
        table[f"level_exact_{level}_percent"] = percent(sum(one.exact_level for one in of_level), len(of_level))
    table["level_complies_percent"] = percent(sum(one.complies for one in korean), len(korean))
    table["right_language_percent"] = percent(sum(one.right_language for one in judged), len(judged))
    table["ended_percent"] = percent(sum(one.ended for one in judged), len(judged))
    table["loops"] = sum(one.looping for one in judged)
    table["foreign_script"] = sum(one.foreign_script for one in judged)
    table["median_reply_tokens"] = statistics.median(one.tokens for one in judged)
    table["tokens_per_second"] = round(sum(one.tokens for one in judged) / seconds, 1)
    table["load_seconds"] = round(load_seconds, 2)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the model in the box on prompts it never saw.")
    parser.add_argument("--model", type=Path, default=STARTER_MODEL)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--replies", type=Path, help="also write every judged reply here, as JSON lines")
    parser.add_argument("--show", type=int, default=0, help="print this many replies, spread over the prompts")
    options = parser.parse_args()

    sentences("준비.")  # loads the morphological analyser, so that it is not counted
    hardware = detect()
    began = time.perf_counter()
    backend = load_model(StarterSpec("starter", options.model), hardware)
    loaded = time.perf_counter() - began
    sampling = recommended_sampling(options.model, options.seed)
    judged: list[Judged] = []
    seconds = 0.0
    for prompt in read_prompts():
        system = Message("system", system_prompt(prompt.language, prompt.level or "formal"))
        reply, finished = ask(backend, [system, Message("user", prompt.prompt)], sampling)
        seconds += finished.seconds
        judged.append(judge(prompt, reply, finished))

    table = summary(judged, seconds, loaded)
    if options.replies:
        options.replies.write_text("".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in judged), encoding="utf-8")
    if options.json:
        print(json.dumps(table, indent=2))
        return
    for name, value in table.items():
        print(f"{name:32} {value:>8}")
    for one in judged[:: max(1, len(judged) // options.show)] if options.show else ():
        print(f"\n[{one.prompt.language} {one.prompt.level or '-'}] {one.prompt.prompt}\n    {one.reply}")


if __name__ == "__main__":
    main()
