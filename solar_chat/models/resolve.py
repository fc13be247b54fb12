"""What a name typed by a person means.

`owner/name` on the Hub, a model of the catalogue or its alias, a folder or a GGUF file on this machine; `:gguf` or `:safetensors` behind it asks for
that form, `:Q5_K_M` or `:NAME.gguf` for that file of a repository. `upstage:MODEL`, `ollama:MODEL` and `remote:BASE_URL#MODEL` are models on a server
(`remote.py`). Nothing is downloaded or asked here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

from solar_chat.errors import ModelError
from solar_chat.gguf_header import quantization
from solar_chat.models.catalog import ALIASES, CATALOG
from solar_chat.models.describe import describe_folder, describe_gguf, template_of_name
from solar_chat.models.remote import is_remote, remote_model
from solar_chat.models.spec import Form, FormKind, ModelSpec
from solar_chat.paths import typed_path

HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)
_FORM = re.compile(rf"(.+):({'|'.join(get_args(FormKind))})", re.IGNORECASE)
_FILE = re.compile(r"([^:]+):([^:]+)")


def resolve(name: str | Path) -> ModelSpec:
    """The model that `name` means; its `form` is set where one was asked for.

    Raises ModelError `model_unknown`, `model_folder_missing`, `model_not_a_folder`, `model_no_form`, those of `describe_folder`, `describe_gguf` and
    `remote_model`, and InputError as `typed_path` does.
    """
    text = str(name).strip()
    if is_remote(text):
        return remote_model(text)
    asked = _FORM.fullmatch(text)
    spec = _named(asked[1] if asked else text)
    return _in_form(spec, asked[2].lower()) if asked else spec


def _named(text: str) -> ModelSpec:
    """The model that `text` names, and its file where one stands behind a colon."""
    asked = _FILE.fullmatch(text)
    if asked is None or not (_known(asked[1]) or HUB_ID.fullmatch(asked[1])):
        return _resolved(text)
    file = asked[2] if asked[2].lower().endswith(".gguf") else None
    weights = quantization(file or f"{asked[2]}.gguf")
    if file is None and weights is None:
        return _resolved(text)
    spec = _in_form(_resolved(asked[1]), "gguf")
    usual = spec.form
    if usual is None or (usual.file is not None and (usual.file == file if file else usual.weights == weights)):
        return spec
    return _with_form(spec, Form("gguf", usual.repo, weights or "", 0, file=file))


def _resolved(text: str) -> ModelSpec:
    known = _known(text)
    if known is not None:
        return known
    path = typed_path(text)
    if text.lower().endswith(".gguf"):
        return describe_gguf(path.absolute())
    if path.is_dir() and text:
        return describe_folder(path.absolute())
    if path.is_file():
        raise ModelError("model_not_a_folder", path=text)
    if HUB_ID.fullmatch(text) and not text.startswith("."):
        forms = (Form("safetensors", text, "", 0),)
        return ModelSpec(id=text, name=text.split("/")[1], path=None, template=template_of_name(text), context_tokens=4096, forms=forms)
    if path.is_absolute() or text.startswith((".", "~")) or "\\" in text:
        raise ModelError("model_folder_missing", path=text)
    raise ModelError("model_unknown", model=text, known=", ".join(ALIASES))


def _in_form(spec: ModelSpec, kind: str) -> ModelSpec:
    if spec.form is not None and spec.form.kind == kind:
        return spec
    form = next((form for form in spec.forms if form.kind == kind), None)
    if form is None and kind == "gguf" and spec.path is None and _known(spec.id) is None:
        # Which file is known when the Hub has been asked.
        return _with_form(spec, Form("gguf", spec.id, "", 0))
    if form is None:
        raise ModelError("model_no_form", model=spec.id, form=kind, known=", ".join(form.kind for form in spec.forms) or "-")
    return replace(spec, form=form)


def _with_form(spec: ModelSpec, form: Form) -> ModelSpec:
    return replace(spec, forms=(*(each for each in spec.forms if each.kind != form.kind), form), form=form)


def _known(text: str) -> ModelSpec | None:
    """The model of the catalogue that goes by this name."""
    return ALIASES.get(text.lower()) or next((spec for spec in CATALOG if spec.id.lower() == text.lower()), None)
