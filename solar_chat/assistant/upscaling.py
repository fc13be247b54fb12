"""Depth up-scaling for the doors: choose a plan, build it with its recipe and card, measure it.

Plan and proof need no more than `upscale` itself. The rule: whatever takes long says how far it is and can be called off, by a function that is asked
between two steps; then `Cancelled` is raised and nothing is left behind.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from solar_chat.assistant.upscale_source import Source
from solar_chat.engine import TextTokenizer, opened, tokenizer_of, weight_format
from solar_chat.errors import InputError
from solar_chat.hardware import Hardware
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import SAMPLE_TEXT
from solar_chat.upscale import (
    CARD,
    LONGEST_WINDOW_TOKENS,
    RECIPE,
    SHARD_BYTES,
    Checkpoint,
    Comparison,
    DepthPlan,
    Figures,
    Recipe,
    Text,
    figures,
    location,
    model_card,
    planned,
    write,
)

# A page of text is enough to measure on, and a book would take a small computer days.
LONGEST_TEXT_BYTES = 1_000_000
_DEFAULT_CONTEXT_TOKENS = 2048

Steps = Callable[[int, int], None]
"""Called with the bytes done and those there are."""
Stages = Callable[[str, str, float], None]
"""Called with a stage ("open" or "read"), the model's name and the share that is done."""


class Cancelled(Exception):
    """What was going on was called off, and left nothing behind."""


def cancellable(progress: Steps | None, cancelled: Callable[[], bool]) -> Steps:
    """`progress`, and `Cancelled` as soon as `cancelled` says so: for `build`, `upscale.verify` and `export_model`."""

    def step(done: int, total: int) -> None:
        if cancelled():
            raise Cancelled
        if progress is not None:
            progress(done, total)

    return step


def choose_plan(layers: int, drop: int | None, ranges: list[tuple[int, int]] | None, method: str) -> DepthPlan:
    """The plan for a source of `layers` layers; a quarter is dropped where nothing is said, as the paper has it (8 of 32).

    Raises InputError as `DepthPlan` does, `upscale_not_deeper` for slices that add no layer.
    """
    if ranges is None:
        drop = max(1, layers // 4) if drop is None else drop
        return DepthPlan.identity(layers, drop) if method == "identity" else DepthPlan.solar(layers, drop)
    plan = DepthPlan.slices(layers, ranges)
    if plan.layers <= layers:
        raise InputError("upscale_not_deeper", layers=layers, planned=plan.layers)
    return plan.passing() if method == "identity" else plan


def build(
    source: Source,
    plan: DepthPlan,
    out: Path,
    catalogue: Catalogue,
    lang: InterfaceLanguage,
    *,
    shard_bytes: int = SHARD_BYTES,
    progress: Steps | None = None,
) -> Path:
    """Write the model, its recipe and its card to the new folder `out`; what `progress` raises ends it. Raises as `upscale.write` does."""
    where = source.name if source.on_hub else location(source.checkpoint.folder, out)
    recipe = Recipe(plan, source.name, where, source.on_hub, source.files, command(source, plan, out, shard_bytes))
    parameters = sum(tensor.source.parameters for tensor in planned(source.checkpoint, plan).values())
    card = model_card(recipe, source.checkpoint, out.name, parameters, catalogue, lang)
    beside = {RECIPE: recipe.text(source.checkpoint), CARD: card}
    return write(source.checkpoint, plan, out, shard_bytes=shard_bytes, beside=beside, progress=progress)


def command(source: Source, plan: DepthPlan, out: Path, shard_bytes: int) -> str:
    """The command that makes the same again, without the folders of this machine."""
    words = ["python", "app.py", "upscale", "build", source.name, out.name]
    if plan.method == "dus":
        words += ["--drop", str(plan.source_layers - plan.layers // 2)]
    else:
        ranges: list[list[int]] = []
        for old in plan.sources:
            if ranges and ranges[-1][1] == old:
                ranges[-1][1] = old + 1
            else:
                ranges.append([old, old + 1])
        words += ["--slices", ",".join(f"{start}:{stop}" for start, stop in ranges)]
        words += ["--method", "identity"] if plan.method == "identity" else []
    if shard_bytes != SHARD_BYTES:
        words += ["--shard-size", str(shard_bytes)]
    return shlex.join(words)


@dataclass(frozen=True, slots=True)
class Measured:
    """A comparison and what it was made on."""

    comparison: Comparison
    weights: str
    """The format both models were opened in: "float32", "bfloat16", "float16" or "nf4"."""
    window_tokens: int
    cut: bool
    """Whether only the text's beginning was read."""


def measure(source: Source, out: Path, hardware: Hardware, text: Path | str | None = None, progress: Stages | None = None) -> Measured:
    """Read a text (a file, the words themselves, or else the app's own sample) with the source and with the result in `out`, one after the other.

    What `progress` raises ends it. Raises InputError `measure_needs_folder`, `measure_no_text`, `measure_other_vocabulary`, `measure_too_short`, and
    those of `Checkpoint.read`; ModelError as `load_model` does.
    """
    if source.files:
        raise InputError("measure_needs_folder")
    result = Checkpoint.read(out)
    plan = Recipe.read(out).plan if (out / RECIPE).is_file() else None
    if plan is not None and (plan.source_layers, plan.layers) != (source.checkpoint.layers, result.layers):
        raise InputError("upscale_other_depth", planned=plan.source_layers, layers=source.checkpoint.layers)
    words, cut = _words(SAMPLE_TEXT if text is None else text)
    tokens = _read_by_both(words, source.checkpoint, result)
    window = min(_context_tokens(source.checkpoint), _context_tokens(result), LONGEST_WINDOW_TOKENS)
    chosen = weight_format([source.checkpoint, result], hardware, window, out.name)
    found = [_look(one, name, tokens, window, hardware, chosen, progress) for one, name in ((source.checkpoint, source.name), (result, out.name))]
    return Measured(Comparison(found[0], found[1], plan, int(source.checkpoint.text_config["vocab_size"])), chosen, window, cut)


def _look(checkpoint: Checkpoint, name: str, text: Text, window: int, hardware: Hardware, chosen: str, progress: Stages | None) -> Figures:
    def tell(stage: str, share: float) -> None:
        if progress is not None:
            progress(stage, name, share)

    tell("open", 0.0)
    with opened(checkpoint, hardware, chosen, name) as model:
        tell("read", 0.0)
        return figures(model, text, window, lambda share: tell("read", share))


def _words(text: Path | str) -> tuple[str, bool]:
    """(the text, whether it was cut). Raises InputError `measure_no_text`."""
    try:
        raw = text.encode() if isinstance(text, str) else _beginning(text.expanduser())
        cut = len(raw) > LONGEST_TEXT_BYTES
        # Half a character may stand where it was cut.
        words = raw[:LONGEST_TEXT_BYTES].decode("utf-8-sig", "ignore") if cut else raw.decode("utf-8-sig")
    except OSError as error:
        raise InputError("measure_no_text", path=text, reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise InputError("measure_no_text", path=text, reason="UTF-8") from error
    return words, cut


def _beginning(file: Path) -> bytes:
    """As much as is read, and a byte more where there is more."""
    with file.open("rb") as opened_file:
        return opened_file.read(LONGEST_TEXT_BYTES + 1)


def _read_by_both(words: str, source: Checkpoint, result: Checkpoint) -> Text:
    """The text in tokens. Raises InputError `measure_other_vocabulary` where the two do not read the same or have no embedding for it."""
    one, other = tokenizer_of(source.folder), tokenizer_of(result.folder)
    ids = one.encode(words)
    highest = max((*ids, one.bos_id or 0), default=0)
    sizes = [int(checkpoint.text_config.get("vocab_size") or 0) for checkpoint in (source, result)]
    if ids != other.encode(words) or one.bos_id != other.bos_id or highest >= min(sizes):
        raise InputError("measure_other_vocabulary", source=source.folder, result=result.folder)
    return Text(tuple(ids), one.bos_id, len(words.encode()) - (_first_bytes(one, words) if one.bos_id is None else 0))


def _first_bytes(tokenizer: TextTokenizer, words: str) -> int:
    """Bytes of the first token, which nothing stands before."""
    offsets = tokenizer.tokenizer.encode(words, add_special_tokens=False).offsets
    return len(words[: offsets[0][1]].encode()) if offsets else 0


def _context_tokens(checkpoint: Checkpoint) -> int:
    longest = checkpoint.text_config.get("max_position_embeddings")
    return longest if type(longest) is int and longest > 1 else _DEFAULT_CONTEXT_TOKENS
