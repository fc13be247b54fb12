"""From a checked folder to a model of transformers on its device, in sixteen, thirty-two or four bits.

A large model is quantized once: into the place that was given for its 4-bit copy, where there is room, and is loaded from there from then on. The
rule: whether or not the copy could be saved, the model runs, and the host never holds more of it than its four bits. Does not check folders
(`checkpoint`) and maps no errors (`loading`).
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from solar_chat.engine.attention import attention_name
from solar_chat.engine.checkpoint import LazyTensor, LoadableCheckpoint, read_checkpoint
from solar_chat.engine.cpu_layout import arrange
from solar_chat.engine.memory import free_memory
from solar_chat.engine.quantize import quantization_config, quantized_bytes, quantized_tensors, write_quantized
from solar_chat.engine.row_blocks import unpack_by_rows
from solar_chat.errors import ModelError, SolarChatError
from solar_chat.hardware import Hardware

# A smaller model is quantized while one reads about it: a copy would only take room.
LEAST_SAVED_PARAMETERS = 300_000_000

Progress = Callable[[str, float], None]
"""Called with a stage ("check", "quantize", "weights", "ready") and the share of it that is done, 0 to 1."""
Unsaved = Callable[[SolarChatError], None]
"""Called with the reason why a 4-bit copy was not saved; the model is loaded all the same."""


def silent(_stage: str, _share: float) -> None:
    """The `Progress` of whoever does not want to know."""


class CopyPlace(Protocol):
    """Where the 4-bit copy of one model belongs; `solar_chat.models.QuantizedPlace` is one."""

    def find(self) -> Path | None:
        """The folder of a whole copy of the model as it is now; None where there is none."""

    def discard(self) -> None:
        """Remove a copy that turned out to be damaged."""

    def making(self, size_bytes: int) -> AbstractContextManager[Path]:
        """A folder to write it into, which becomes the copy where the block ends well. Raises ModelError where there is no room for it."""


def load_plain(checkpoint: LoadableCheckpoint, hardware: Hardware, report: Progress) -> Any:
    """The model in `checkpoint`, which is not to be quantized."""
    import torch

    # float32 on a CPU: exact, and the fastest format there.
    dtype = torch.float32 if hardware.device == "cpu" else getattr(torch, hardware.dtype)
    if hardware.lent:
        # transformers places tensors in threads of its own, where nobody pretends that the card is there.
        return _from_pretrained(checkpoint, report, dtype=dtype).to(hardware.device)
    placed = {} if hardware.device == "cpu" else {"device_map": {"": hardware.device}}
    return _from_pretrained(checkpoint, report, dtype=dtype, **placed)


def load_four_bit(checkpoint: LoadableCheckpoint, hardware: Hardware, report: Progress, place: CopyPlace | None, unsaved: Unsaved | None) -> Any:
    """The model in `checkpoint` in four bits: as it is where it was saved so, from its copy in `place`, or quantized now."""
    if checkpoint.prequantized:
        return _assembled(checkpoint, hardware, report, _lazily(checkpoint, hardware))
    if place is not None and checkpoint.parameters >= LEAST_SAVED_PARAMETERS:
        copy = _copy_in(place) or _saved(checkpoint, hardware, report, place, unsaved)
        if copy is not None:
            return _assembled(copy, hardware, report, _lazily(copy, hardware))
    tensors = quantized_tensors(checkpoint, hardware.device, lambda share: report("quantize", share))
    free_memory()
    return _assembled(checkpoint, hardware, report, tensors)


def _copy_in(place: CopyPlace) -> LoadableCheckpoint | None:
    folder = place.find()
    if folder is None:
        return None
    try:
        return read_checkpoint(folder)
    except ModelError:
        # Made again below; what it was made from is here.
        place.discard()
        return None


def _saved(
    checkpoint: LoadableCheckpoint, hardware: Hardware, report: Progress, place: CopyPlace, unsaved: Unsaved | None
) -> LoadableCheckpoint | None:
    """The copy, just made; None where it could not be."""
    size_bytes = quantized_bytes(checkpoint)
    # What is wrong with the source is not a problem of the copy, and does not look like one.
    wrong: list[ModelError] = []
    try:
        with place.making(size_bytes) as folder:
            try:
                write_quantized(checkpoint, folder, hardware.device, lambda share: report("quantize", share))
            except ModelError as error:
                wrong.append(error)
                raise
    except ModelError as error:
        if wrong:
            raise
        if unsaved is not None:
            unsaved(error)
        return None
    # What quantizing took goes before the model comes.
    free_memory()
    return _copy_in(place)


def _lazily(checkpoint: LoadableCheckpoint, hardware: Hardware) -> Mapping[str, Any] | None:
    """The tensors of a checkpoint where they are to be read, because they are rearranged; None where transformers shall map the files."""
    return {name: LazyTensor(tensor) for name, tensor in checkpoint.tensors.items()} if _rearranges(hardware) else None


def _rearranges(hardware: Hardware) -> bool:
    """Whether bitsandbytes has a kernel of its own for 4-bit weights here, which wants them in another order."""
    return hardware.device == "cpu" and "avx512_bf16" in hardware.cpu_features


def _assembled(checkpoint: LoadableCheckpoint, hardware: Hardware, report: Progress, tensors: Mapping[str, Any] | None) -> Any:
    """A 4-bit model of `tensors`, or of the files in the folder, that computes in the machine's own format."""
    import torch
    import transformers

    dtype = getattr(torch, hardware.dtype)
    config = getattr(transformers, checkpoint.architecture).config_class.from_pretrained(str(checkpoint.folder), local_files_only=True)
    # A copy may come from a machine with another format; a foreign 4-bit checkpoint may have other blocks.
    saved = checkpoint.config.get("quantization_config") or quantization_config()
    config.quantization_config = {**saved, "bnb_4bit_compute_dtype": hardware.dtype}
    model = _from_pretrained(checkpoint, report, tensors, config=config, dtype=dtype, device_map={"": hardware.device})
    for parameter in model.parameters():
        state = getattr(parameter, "quant_state", None)
        if state is not None:
            # What weights are unpacked to: without this, to what they were before they were quantized.
            state.dtype = dtype
        elif parameter.dtype != dtype:
            # transformers leaves embedding, head and norms as they were saved.
            parameter.data = parameter.data.to(dtype)
    if _rearranges(hardware):
        arrange(model)
        free_memory()
    elif hardware.device == "cpu":
        unpack_by_rows(model)
    return model


def _from_pretrained(checkpoint: LoadableCheckpoint, report: Progress, tensors: Mapping[str, Any] | None = None, **options: Any) -> Any:
    import transformers

    model_class = getattr(transformers, checkpoint.architecture)
    if tensors is not None:
        options["state_dict"] = tensors
    with reported(report):
        model, info = model_class.from_pretrained(
            None if tensors is not None else str(checkpoint.folder),
            attn_implementation=attention_name(),
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            # Told by `require_all`, with the tensor's name.
            ignore_mismatched_sizes=True,
            **options,
        )
    require_all(info, checkpoint.folder)
    model.requires_grad_(False)
    return model.eval()


def require_all(info: Mapping[str, Any], folder: Path) -> None:
    """Raise ModelError `model_weights_mismatch` for what transformers found missing: it fills that with random numbers and goes on."""
    wrong = sorted({*info["missing_keys"], *(str(key[0]) for key in info["mismatched_keys"])})
    if wrong:
        raise ModelError("model_weights_mismatch", path=folder, tensor=wrong[0], count=len(wrong))


@contextlib.contextmanager
def reported(report: Progress) -> Iterator[None]:
    """Send the progress bars of transformers to `report` instead of to stderr, and its warnings nowhere."""
    from transformers.utils import logging

    def make(_factory: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Bar:
        return _Bar(args[0] if args else kwargs.get("iterable", ()), report)

    before = logging.set_tqdm_hook(make)
    try:
        with warnings.catch_warnings():
            # bitsandbytes and accelerate warn about their own internals on every load.
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_tqdm_hook(before)


class _Bar:
    """The part of tqdm that transformers uses while loading."""

    def __init__(self, items: Iterable[Any], report: Progress) -> None:
        self._items = items
        self._report = report

    def __iter__(self) -> Iterator[Any]:
        items = list(self._items)
        for done, item in enumerate(items, 1):
            yield item
            self._report("weights", done / len(items))

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self, _steps: int = 1) -> None:
        """Bars without items to count are not shown."""

    def close(self) -> None:
        """Nothing is open."""
