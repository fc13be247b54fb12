"""What a name typed by a person means.

`owner/name` on the Hub, a model of the catalogue or its alias, a folder or a GGUF file on this machine; `:gguf` or `:safetensors` behind it asks for
that form. `upstage:MODEL`, `ollama:MODEL` and `remote:BASE_URL#MODEL` are models on a server (`remote.py`). Nothing is downloaded or asked here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

from solar_chat.errors import ModelError
from solar_chat.models.catalog import ALIASES, CATALOG
from solar_chat.models.describe import describe_folder, describe_gguf, template_of_name
from solar_chat.models.remote import is_remote, remote_model
from solar_chat.models.spec import Form, FormKind, ModelSpec

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)
_FORM = re.compile(rf"(.+):({'|'.join(get_args(FormKind))})", re.IGNORECASE)


def resolve(name: str | Path) -> ModelSpec:
    """The model that `name` means; its `form` is set where one was asked for.

    Raises ModelError `model_unknown`, `model_folder_missing`, `model_not_a_folder`, `model_no_form`, and those of `describe_folder`,
    `describe_gguf` and `remote_model`.
    """
    text = str(name).strip()
    if is_remote(text):
        return remote_model(text)
    asked = _FORM.fullmatch(text)
    spec = _resolved(asked[1] if asked else text)
    return _in_form(spec, asked[2].lower()) if asked else spec


def _resolved(text: str) -> ModelSpec:
    known = ALIASES.get(text.lower()) or next((spec for spec in CATALOG if spec.id.lower() == text.lower()), None)
    if known is not None:
        return known
    path = Path(text).expanduser()
    if text.lower().endswith(".gguf"):
        return describe_gguf(path.absolute())
    if path.is_dir() and text:
        return describe_folder(path.absolute())
    if path.is_file():
        raise ModelError("model_not_a_folder", path=text)
    if _HUB_ID.fullmatch(text) and not text.startswith("."):
        forms = (Form("safetensors", text, "", 0),)
        return ModelSpec(id=text, name=text.split("/")[1], path=None, template=template_of_name(text), context_tokens=4096, forms=forms)
    if path.is_absolute() or text.startswith((".", "~")) or "\\" in text:
        raise ModelError("model_folder_missing", path=text)
    raise ModelError("model_unknown", model=text, known=", ".join(ALIASES))


def _in_form(spec: ModelSpec, kind: str) -> ModelSpec:
    form = next((form for form in spec.forms if form.kind == kind), None)
    if form is None:
        raise ModelError("model_no_form", model=spec.id, form=kind, known=", ".join(form.kind for form in spec.forms) or "-")
    return replace(spec, form=form)
