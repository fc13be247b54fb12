"""Which GGUF of a repository is meant: the one that was named, or the one most people want.

A repository of GGUF files holds a dozen versions of one model. The rule: nothing is guessed that a person could be asked: where no name decides, the
answer is the list. Asks nobody and looks at no disk.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from solar_chat.errors import ModelError
from solar_chat.gguf_header import is_later_shard, quantization, shards
from solar_chat.models.hub import Listing
from solar_chat.models.spec import Form

# Four bits with more for the tensors that matter: the smallest that loses little, and the one this family is known in.
USUAL: Final = "Q4_K_M"
# Parts of models that see or hear, and notes that were taken while quantizing.
_NO_MODEL: Final = ("mmproj", "imatrix")


def ggufs(listing: Listing) -> tuple[Form, ...]:
    """Every GGUF of the repository that can answer; one that was cut into several files once, by its first."""
    sizes = {file.path: file.size_bytes for file in listing.files}
    return tuple(
        Form(
            "gguf",
            listing.repo,
            quantization(path) or "",
            sum(sizes.get(part, 0) for part in shards(path)),
            file=path,
            revision=listing.revision,
        )
        for path in sizes
        if path.lower().endswith(".gguf") and not is_later_shard(path) and not any(part in PurePosixPath(path).name.lower() for part in _NO_MODEL)
    )


def has_safetensors(listing: Listing) -> bool:
    """Whether there is a checkpoint in the repository's own folder."""
    return any(file.path.endswith(".safetensors") and "/" not in file.path for file in listing.files)


def is_asked(asked: Form | None, form: Form) -> bool:
    """Whether `form` is what `asked` names; None names nothing in particular."""
    if asked is None or (asked.kind == form.kind == "safetensors"):
        return True
    if asked.kind != form.kind or form.file is None:
        return False
    if asked.file is not None:
        return asked.file in (form.file, PurePosixPath(form.file).name)
    return asked.weights in ("", form.weights)


def settled(listing: Listing, asked: Form) -> Form:
    """`asked` with the file and the size that it means in this repository.

    Raises ModelError `model_no_form` where there is nothing of its kind, `gguf_unknown` where there is no such file, `gguf_which` where there are
    several and none is the usual one.
    """
    found = ggufs(listing)
    if asked.kind == "safetensors":
        if found and not has_safetensors(listing):
            raise ModelError("model_no_form", model=listing.repo, form=asked.kind, known="gguf")
        return asked
    if not found:
        known = "safetensors" if has_safetensors(listing) else "-"
        raise ModelError("model_no_form", model=listing.repo, form=asked.kind, known=known)
    fitting = [form for form in found if is_asked(asked, form)]
    if not fitting:
        raise ModelError("gguf_unknown", model=listing.repo, asked=asked.file or asked.weights, known=_names(found))
    usual = [form for form in fitting if form.weights == USUAL] if len(fitting) > 1 else fitting
    if len(usual) != 1:
        raise ModelError("gguf_which", model=listing.repo, known=_names(tuple(fitting)))
    return replace(usual[0], revision=asked.revision)


def _names(forms: tuple[Form, ...]) -> str:
    """What to type behind the colon: quantizations, or file names where those do not tell them apart."""
    kinds = [form.weights for form in forms]
    unlike = all(kinds) and len(set(kinds)) == len(kinds)
    return ", ".join(sorted(form.weights if unlike else form.file or "" for form in forms))
