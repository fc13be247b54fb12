"""A model and the deeper one made of it, read over the same text: for the doors.

The place where `engine` and `upscale`, strangers to each other, meet over a measurement. Words and picture of it are `measurement`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from solar_chat.engine import TextTokenizer, opened, tokenizer_of, weight_format
from solar_chat.errors import InputError
from solar_chat.hardware import Hardware
from solar_chat.paths import SAMPLE_TEXT, typed_path
from solar_chat.upscale import LONGEST_WINDOW_TOKENS, RECIPE, Checkpoint, Comparison, Figures, Recipe, Text, figures
from solar_chat.workshop.source import Source

# A page of text is enough to measure on, and a book would take a small computer days.
LONGEST_TEXT_BYTES = 1_000_000
_DEFAULT_CONTEXT_TOKENS = 2048

Stages = Callable[[str, str, float], None]
"""Called with a stage ("open" or "read"), the model's name and the share that is done."""


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
    """(the text, whether it was cut). Raises InputError `measure_no_text`, and as `typed_path` does."""
    try:
        # A browser may send half a character, which no file could hold.
        raw = text.encode("utf-8", "replace") if isinstance(text, str) else _beginning(typed_path(text))
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
