"""The models the app knows, and what a name typed by a person means.

Plain data and the reading of small JSON files: nothing is downloaded or loaded here. The rule: licence and template are facts with a source, taken
from the model's own card, never from its re-uploads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solar_chat.errors import ModelError
from solar_chat.paths import STARTER_MODEL
from solar_chat.prompts import TEMPLATES

# A model that could read 128k tokens would reserve the memory for them; a chat needs far less.
LONGEST_CONTEXT_TOKENS = 8192
# Plain text that a Llama- or Mistral-like base model follows best, and the format of this family.
FALLBACK_TEMPLATE = "solar"
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model: where it is and how to talk to it."""

    id: str
    """What a person types and what is stored in the settings."""
    name: str
    """For people."""
    folder: Path | None
    """Where it lies on this machine; None until `fetch` brought it."""
    repo: str | None
    """`owner/name` on the Hugging Face Hub; None for a folder."""
    template: str
    """Key of `prompts.TEMPLATES`."""
    context_tokens: int
    revision: str = "main"
    licence: str | None = None
    """SPDX-like id; None where nobody said."""
    commercial: bool | None = None
    """Whether the licence allows commercial use; None where it is not known."""
    languages: tuple[str, ...] = ()
    download_bytes: int = 0
    parameters: int = 0
    """0 where it is not known before loading."""
    copies_language: bool = False
    """Too small to leave the language of the turns before, whatever its system prompt says."""


STARTER = ModelSpec(
    id="starter",
    name="Solar Starter",
    folder=STARTER_MODEL,
    repo=None,
    template="starter",
    context_tokens=1024,
    licence="Apache-2.0",
    commercial=True,
    languages=("ko", "en"),
    parameters=11_000_000,
    copies_language=True,
)
# Card of upstage/SOLAR-10.7B-Instruct-v1.0: non-commercial since its tuning data is, although many re-uploads say Apache-2.0. English only.
SOLAR = ModelSpec(
    id="upstage/SOLAR-10.7B-Instruct-v1.0",
    name="SOLAR 10.7B Instruct",
    folder=None,
    repo="upstage/SOLAR-10.7B-Instruct-v1.0",
    template="solar",
    context_tokens=4096,
    licence="CC-BY-NC-4.0",
    commercial=False,
    languages=("en",),
    download_bytes=21_500_000_000,
    parameters=10_731_524_096,
)
# Card of yanolja/EEVE-Korean-Instruct-10.8B-v1.0: SOLAR with a Korean vocabulary of 40,960 tokens (arXiv 2402.14714).
EEVE = ModelSpec(
    id="yanolja/EEVE-Korean-Instruct-10.8B-v1.0",
    name="EEVE Korean Instruct 10.8B",
    folder=None,
    repo="yanolja/EEVE-Korean-Instruct-10.8B-v1.0",
    template="eeve",
    context_tokens=4096,
    licence="Apache-2.0",
    commercial=True,
    languages=("ko", "en"),
    download_bytes=21_600_000_000,
    parameters=10_804_924_416,
)
CATALOG = (STARTER, SOLAR, EEVE)
ALIASES = {"starter": STARTER, "solar": SOLAR, "eeve": EEVE}


def resolve(name: str | Path) -> ModelSpec:
    """What `name` means: a model of the catalogue or its alias, a folder on this machine, or any `owner/name` on the Hub.

    Raises ModelError `model_unknown`, `model_folder_missing`, `model_gguf`, `model_not_a_folder`, and those of `describe_folder`.
    """
    text = str(name).strip()
    known = ALIASES.get(text.lower()) or next((spec for spec in CATALOG if spec.id.lower() == text.lower()), None)
    if known is not None:
        return known
    path = Path(text).expanduser()
    if text.lower().endswith(".gguf"):
        raise ModelError("model_gguf", path=text)
    if path.is_dir() and text:
        return describe_folder(path.absolute())
    if path.is_file():
        raise ModelError("model_not_a_folder", path=text)
    if _HUB_ID.fullmatch(text) and not text.startswith("."):
        return ModelSpec(id=text, name=text.split("/")[1], folder=None, repo=text, template=_template_of_name(text), context_tokens=4096)
    if path.is_absolute() or text.startswith((".", "~")) or "\\" in text:
        raise ModelError("model_folder_missing", path=text)
    raise ModelError("model_unknown", model=text, known=", ".join(ALIASES))


def describe_folder(folder: Path) -> ModelSpec:
    """The model in `folder`, as its small files describe it. Whether it can be loaded is checked when it is.

    A `solar_chat.json` there wins: `{"template": "chatml", "name": "...", "context_tokens": 4096}`, each entry optional.
    Raises ModelError `model_file_missing` without a config.json, `model_file_broken`, `model_template` for a template that does not exist.
    """
    config = _json(folder, "config.json")
    if config is None:
        raise ModelError("model_file_missing", path=folder, file="config.json")
    own = _json(folder, "solar_chat.json") or {}
    template = str(own.get("template") or guess_template(folder))
    if template not in TEMPLATES:
        raise ModelError("model_template", path=folder, template=template, known=", ".join(TEMPLATES))
    longest = config.get("max_position_embeddings")
    context = min(longest if isinstance(longest, int) and longest > 0 else 4096, LONGEST_CONTEXT_TOKENS)
    wanted = own.get("context_tokens")
    licence = _licence(folder)
    return ModelSpec(
        id=str(folder),
        name=str(own.get("name") or folder.name),
        folder=folder,
        repo=None,
        template=template,
        context_tokens=min(context, wanted) if isinstance(wanted, int) and wanted > 0 else context,
        licence=licence,
        commercial=None if licence is None else not re.search(r"(^|-)nc(-|$)", licence.lower()),
    )


def guess_template(folder: Path) -> str:
    """The template a checkpoint was tuned with, from its own chat template (read as text, never run), its special tokens, or its name."""
    shown = _chat_template(folder)
    for mark, template in (("### User:", "solar"), ("<|im_start|>", "chatml"), ("Human: ", "eeve")):
        if mark in shown:
            return template
    tokens = _added_tokens(folder)
    if set(TEMPLATES["starter"].stop) <= tokens:
        return "starter"
    if not shown and "<|im_start|>" in tokens:
        return "chatml"
    return _template_of_name(folder.name)


def _template_of_name(name: str) -> str:
    name = name.lower()
    for part, template in (("eeve", "eeve"), ("qwen", "chatml"), ("chatml", "chatml")):
        if part in name:
            return template
    return FALLBACK_TEMPLATE


def _chat_template(folder: Path) -> str:
    jinja = folder / "chat_template.jinja"
    if jinja.is_file():
        return jinja.read_text(encoding="utf-8", errors="replace")
    written = (_json(folder, "tokenizer_config.json") or {}).get("chat_template", "")
    return written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)


def _added_tokens(folder: Path) -> set[str]:
    added: Iterable[Any] = (_json(folder, "tokenizer.json") or {}).get("added_tokens", ())
    return {token["content"] for token in added if isinstance(token, dict) and isinstance(token.get("content"), str)}


def _licence(folder: Path) -> str | None:
    """The `license:` line of the model card's front matter."""
    card = folder / "README.md"
    if not card.is_file():
        return None
    front = re.match(r"---\s*\n(.*?)\n---", card.read_text(encoding="utf-8", errors="replace"), re.DOTALL)
    line = re.search(r"^license:\s*['\"]?([\w.-]+)", front[1], re.MULTILINE) if front else None
    return line[1] if line else None


def _json(folder: Path, name: str) -> dict[str, Any] | None:
    """The object in a small file; None where the file does not exist. Raises ModelError `model_file_broken`."""
    path = folder / name
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError("model_file_broken", path=folder, file=name, reason=str(error)) from error
    if not isinstance(content, dict):
        raise ModelError("model_file_broken", path=folder, file=name, reason="no JSON object")
    return content
