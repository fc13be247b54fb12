"""What a model on this machine says of itself: a folder of safetensors, or one GGUF file.

Only small files and headers are read, as data: a chat template is looked through, never run. Whether the weights are whole is checked when they are
loaded.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from solar_chat.errors import ModelError
from solar_chat.gguf_header import GgufHeader, quantization, read_header
from solar_chat.models.spec import Form, ModelSpec, Shape
from solar_chat.prompts import TEMPLATES

# A model that could read 128k tokens would reserve the memory for them; a chat needs far less.
LONGEST_CONTEXT_TOKENS = 8192
# Plain text that a Llama- or Mistral-like base model follows best, and the format of this family.
FALLBACK_TEMPLATE = "solar"
_WIDTHS = {"float32": 4, "float16": 2, "bfloat16": 2}
# Licences that allow commercial use to everybody; what else there is sets conditions that a name does not tell.
_FREE = re.compile(
    r"apache-2\.0|mit|isc|zlib|unlicense|wtfpl|cc0-1\.0|cc-by(-sa)?-[\d.]+|bsd(-.+)?|[al]?gpl(-.+)?|mpl-2\.0|artistic-2\.0|ms-pl|epl-[\d.]+"
)
_MARKS = (("### User:", "solar"), ("<|im_start|>", "chatml"), ("<<SYS>>", "llama2"), ("Human: ", "eeve"))
GUESSED = ("template_guessed",)
"""`ModelSpec.limits` of a model that does not say how turns are marked, or says it in a way that no template of ours is."""


def describe_folder(folder: Path) -> ModelSpec:
    """The model in `folder`, as its small files describe it. Whether it can be loaded is checked when it is.

    A `solar_chat.json` there wins: `{"template": "chatml", "name": "...", "context_tokens": 4096}`, each entry optional.
    Raises ModelError `model_file_missing` without a config.json, `model_file_broken`, `model_template` for a template that does not exist.
    """
    config = _json(folder, "config.json")
    if config is None:
        raise ModelError("model_file_missing", path=folder, file="config.json")
    own = _json(folder, "solar_chat.json") or {}
    told = _chosen_template(folder) or find_template(folder)
    template = told or template_of_name(folder.name)
    context = config_context_tokens(config)
    wanted = own.get("context_tokens")
    licence = _licence(folder)
    return ModelSpec(
        id=str(folder),
        name=str(own.get("name") or folder.name),
        path=folder,
        template=template,
        context_tokens=min(context, wanted) if isinstance(wanted, int) and wanted > 0 else context,
        licence=licence,
        commercial=commercial_use(licence),
        parameters=_parameters(folder, config),
        shape=config_shape(config),
        limits=() if told else GUESSED,
    )


def find_template(folder: Path) -> str | None:
    """The template a checkpoint was tuned with, from its chat template (read as text, never run) or special tokens; None where neither tells."""
    shown = _chat_template(folder)
    marked = _template_of_marks(shown, folder.name)
    if marked is not None:
        return marked
    tokens = _added_tokens(folder)
    if set(TEMPLATES["starter"].stop) <= tokens:
        return "starter"
    if not shown and "<|im_start|>" in tokens:
        return "chatml"
    return None


def describe_gguf(file: Path) -> ModelSpec:
    """The model in a GGUF file, as its header describes it. The `template` of a `solar_chat.json` in its folder wins.

    Raises ModelError `model_file_missing`, `model_file_broken`, `model_template` for a template that does not exist.
    """
    if not file.is_file():
        raise ModelError("model_file_missing", path=file.parent, file=file.name)
    header = read_header(file, vocabulary=False)
    told = header.metadata
    licence = str(told["general.license"]) if told.get("general.license") else None
    name = f"{told.get('general.name') or ''} {file.stem}"
    template = _chosen_template(file.parent) or _own_template(told) or _template_of_marks(str(told.get("tokenizer.chat_template", "")), name)
    return ModelSpec(
        id=str(file),
        name=file.stem,
        path=file,
        template=template or template_of_name(name),
        context_tokens=gguf_context_tokens(header),
        form=Form("gguf", None, quantization(file.name) or "", 0, file=file.name),
        licence=licence,
        commercial=commercial_use(licence),
        shape=gguf_shape(header),
        limits=() if template else GUESSED,
    )


def gguf_context_tokens(header: GgufHeader) -> int:
    """The context that a chat with a GGUF gets."""
    return min(header.number("context_length") or 4096, LONGEST_CONTEXT_TOKENS)


def gguf_shape(header: GgufHeader) -> Shape | None:
    """What decides the KV cache of a GGUF; None where its header does not say."""
    layers = header.number("block_count")
    if not layers or not header.cached_heads or not all(header.head_widths):
        return None
    # Layers may differ: the mean, rounded up, reserves enough.
    return Shape(layers, math.ceil(header.cached_heads / layers), math.ceil(sum(header.head_widths) / 2))


def commercial_use(licence: str | None) -> bool | None:
    """Whether a licence id of the Hub allows commercial use; None where nobody said, or where it depends ("other", "llama3", "gemma")."""
    licence = (licence or "").lower()
    if re.search(r"(^|-)nc(-|$)", licence):
        return False
    return True if _FREE.fullmatch(licence) else None


def _chosen_template(folder: Path) -> str | None:
    """What a person wrote there, in `solar_chat.json`. Raises ModelError `model_template`, `model_file_broken`."""
    template = (_json(folder, "solar_chat.json") or {}).get("template")
    if template is not None and not (isinstance(template, str) and template in TEMPLATES):
        raise ModelError("model_template", path=folder, template=template, known=", ".join(TEMPLATES))
    return template


def _own_template(header: Mapping[str, object]) -> str | None:
    """What a file that this app wrote says."""
    name = str(header.get("solar_chat.template"))
    return name if name in TEMPLATES else None


def _template_of_marks(shown: str, name: str) -> str | None:
    """The template of ours that `shown` is; KULLM's differs from Llama 2's by what its makers say first, not by its marks."""
    found = next((template for mark, template in _MARKS if mark in shown), None)
    return "kullm" if found == "llama2" and "kullm" in name.lower() else found


def template_of_name(name: str) -> str:
    """The template that a model of that name was most probably tuned with."""
    name = name.lower()
    for part, template in (("eeve", "eeve"), ("kullm", "kullm"), ("qwen", "chatml"), ("chatml", "chatml")):
        if part in name:
            return template
    return FALLBACK_TEMPLATE


def config_context_tokens(config: Mapping[str, Any]) -> int:
    """The context that a chat with a checkpoint gets."""
    longest = config.get("max_position_embeddings")
    return min(longest if isinstance(longest, int) and longest > 0 else 4096, LONGEST_CONTEXT_TOKENS)


def config_shape(config: Mapping[str, Any]) -> Shape | None:
    """From a Llama-like configuration; None where a number is missing."""
    layers, heads, width = (config.get(key) for key in ("num_hidden_layers", "num_attention_heads", "hidden_size"))
    if not (isinstance(layers, int) and isinstance(heads, int) and isinstance(width, int) and heads):
        return None
    return Shape(layers, int(config.get("num_key_value_heads") or heads), int(config.get("head_dim") or width // heads))


def _parameters(folder: Path, config: Mapping[str, Any]) -> int:
    """As many as its files have room for; 0 where they are quantized or their number format is not said."""
    width = _WIDTHS.get(str(config.get("dtype") or config.get("torch_dtype")), 0)
    if not width or "quantization_config" in config:
        return 0
    return sum(file.stat().st_size for file in folder.glob("*.safetensors")) // width


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
    card = next((path for name in ("README.md", "MODEL_CARD.md") if (path := folder / name).is_file()), None)
    if card is None:
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
