"""Exporting for the doors: which model a name means, what is known of it, and the proof that the file reads text as the model does.

The place where `models`, `engine` and `export`, strangers to each other, meet. Downloads nothing: whoever exports a model has it.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from solar_chat.checkpoint import Checkpoint
from solar_chat.engine import TextTokenizer, tokenizer_of
from solar_chat.errors import InputError, ModelError
from solar_chat.export import About, Exported, Vocabulary, Weights, export, leans_on_place, modelfile_path
from solar_chat.export.writing import Progress
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.messages import Message
from solar_chat.models import ModelSpec, copy_of, described, resolve
from solar_chat.paths import SAMPLE_TEXT, Home, typed_path
from solar_chat.prompts import TEMPLATES, ChatTemplate

_TERMS = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE")
_LONGEST_TERMS_BYTES = 200_000
# Of a text that is read differently, as much as fits a line.
_SHOWN = 40


def export_model(name: str, target: Path, weights: Weights, home: Home, progress: Progress | None = None) -> tuple[Exported, ModelSpec]:
    """Write the model that `name` means as a GGUF file, and its Modelfile.

    `progress` may raise to end it; nothing is left then. Raises ModelError `model_not_downloaded`, `export_remote`, InputError `export_is_gguf`,
    `export_tokenizer`, and those of `typed_path`, `resolve`, `Checkpoint.read` and `export`.
    """
    target = typed_path(target).absolute()
    modelfile_path(target)
    spec = here(resolve(name), home)
    if spec.path is None or spec.path.suffix.lower() == ".gguf":
        raise InputError("export_is_gguf", model=name)
    source = Checkpoint.read(spec.path)
    tokenizer = tokenizer_of(spec.path)
    template = TEMPLATES[spec.template]
    vocabulary = Vocabulary(tokenizer.tokenizer.to_str(), tokenizer.bos_id, _end_ids(source.config, spec.path), template.stop)
    about = About(spec.name, template, spec.context_tokens, spec.licence, _terms(spec.path))

    def check(file: Path) -> None:
        _compare(tokenizer, tokenizer_of(file), template, file, rendered=not leans_on_place(vocabulary.tokenizer))

    return export(source, vocabulary, about, target, weights, check=check, progress=progress), spec


def report(made: Exported, spec: ModelSpec, catalogue: Catalogue, lang: InterfaceLanguage) -> Iterator[str]:
    """Line by line: what was written, what to know of it, the licence, what to type for Ollama."""

    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, f"export.{key}", **params)

    size = f"{made.bytes / 1e9:.2f} GB" if made.bytes >= 1e9 else f"{made.bytes / 1e6:.2f} MB"
    yield say("done", path=made.gguf, size=size, tensors=f"{made.tensors:,}")
    for note in made.notes:
        yield say(f"note_{note}", tokens=f"{made.context_tokens:,}")
    yield say("licence", licence=spec.licence) if spec.licence else say("licence_none")
    yield say("ollama", name=_typed(made.gguf.stem.lower()), path=_typed(str(made.modelfile)))


def _typed(word: str) -> str:
    """As one word for the shell of this system. Windows' knows no single quotes, and no name there has a double one."""
    return f'"{word}"' if sys.platform == "win32" else shlex.quote(word)


def here(spec: ModelSpec, home: Home) -> ModelSpec:
    """`spec` with the path of its safetensors on this machine. Raises ModelError `model_not_downloaded`, `export_remote`."""
    if spec.remote is not None:
        raise ModelError("export_remote", model=spec.name)
    if spec.path is not None:
        return spec
    form = next((form for form in spec.forms if form.kind == "safetensors"), None)
    copy = None if form is None else copy_of(form, home.models)
    if form is None or copy is None or not copy.whole:
        raise ModelError("model_not_downloaded", model=spec.id)
    return described(replace(spec, form=form), form, home.models)


def _compare(ours: TextTokenizer, theirs: TextTokenizer, template: ChatTemplate, file: Path, *, rendered: bool) -> None:
    """The same ids for the sample text, line by line, and for a conversation. Raises InputError `export_tokenizer`."""
    lines = [line for line in SAMPLE_TEXT.read_text(encoding="utf-8").splitlines() if line]
    turns = [Message("system", lines[0]), Message("user", lines[1]), Message("assistant", lines[2]), Message("user", lines[3])]
    for text in [*lines, *([template.render(turns)] if rendered else [])]:
        if ours.encode_prompt(text) != theirs.encode_prompt(text):
            raise InputError("export_tokenizer", what=text[:_SHOWN])
    if ours.tokenizer.get_vocab_size() > theirs.tokenizer.get_vocab_size():
        raise InputError("export_tokenizer", what=file.name)


def _end_ids(config: Mapping[str, Any], folder: Path) -> tuple[int, ...]:
    """As the engine has them: those of config.json and of generation_config.json."""
    try:
        generation = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        generation = {}
    found: list[int] = []
    for source in (config, generation if isinstance(generation, dict) else {}):
        ids = source.get("eos_token_id")
        found += ids if isinstance(ids, list) else [ids] if isinstance(ids, int) else []
    return tuple(dict.fromkeys(found))


def _terms(folder: Path) -> str | None:
    for name in _TERMS:
        path = folder / name
        if path.is_file() and path.stat().st_size < _LONGEST_TERMS_BYTES:
            return path.read_text(encoding="utf-8", errors="replace")
    return None
