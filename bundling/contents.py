"""What stays out of a bundle and what must be named to get in, each with its reason.

Paths are those inside the bundle (`torch/lib/libtorch_cpu.so`), with forward slashes on every system. The rule: nothing here is imported or opened by
the app; `tests/bundling` compares the modules with a run, `--smoke` in the built folder finds the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Recipes, tests and checks need these, or a library tries them and goes on without.
TRAINING = ("trl", "peft", "datasets", "pyarrow", "dill", "multiprocess", "xxhash", "fontTools", "matplotlib", "kiwisolver", "contourpy", "cycler")
CHECKS = (
    "pytest _pytest pluggy hypothesis playwright greenlet pyee schemathesis jsonschema_rs ruff mypy mypyc importlinter grimp PyInstaller graphql"
).split()
UNUSED = (
    # tokenizers of other people's formats that transformers offers
    "mistral_common tiktoken pycountry blobfile"
    # speed-ups and drawing that libraries ask for; the page has no plot and no camera
    " IPython jupyter notebook tkinter cv2 scipy sklearn numba llvmlite bokeh plotly altair"
    " tensorboard torch.utils.tensorboard torchvision torchaudio"
    # Hugging Face's other download protocol: the app's downloads are its own, over HTTP
    " hf_xet"
    # tests inside packages
    " numpy.tests pandas.tests sympy.testing networkx.tests mpmath.tests PIL.tests gguf.tests"
    # pictures in AVIF, and in a window of Tk's
    " PIL._avif PIL._imagingtk PIL.ImageTk"
    # installers; the window's toolkits are added where a window is built
    " pip setuptools wheel PyQt5 PyQt6 PySide2 gi"
).split()
"""Modules; what lies below one stays out with it."""

# Distributions whose version is asked for at run time although nothing imports them by that name.
METADATA = ("accelerate", "huggingface_hub", "gradio", "kiwipiepy", "langdetect", "bitsandbytes", "torch", "transformers", "tokenizers", "openai")
# Found by name only: by Kiwi's own library, by bitsandbytes for its devices, by the keychain of each system.
HIDDEN = (
    "kiwipiepy_model",
    "bitsandbytes.backends.cpu.ops",
    "bitsandbytes.backends.default.ops",
    "keyring.backends",
    "encodings.idna",
)
# Libraries that read files of their own package.
WITH_DATA = ("safehttpx", "groovy", "gradio_client", "hf_gradio", "kiwipiepy", "kiwipiepy_model", "langdetect")
# Gradio reads the source of its components; beside the compiled modules, or each start would compile it again.
SOURCES = {"gradio": "pyz+py"}
GRADIO_UNUSED = (
    "templates/node/**",
    "templates/frontend/static/ffmpeg/**",
    "templates/frontend/static/bokeh/**",
    "templates/frontend/assets/PlotlyPlot-*",
    "test_data/**",
    "media_assets/**",
    "cli/**",
    "**/*.md",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Files that stay out, and why."""

    reason: str
    pattern: re.Pattern[str]


def _rule(reason: str, *patterns: str) -> Rule:
    return Rule(reason, re.compile("|".join(f"(?:{pattern})" for pattern in patterns)))


_ALWAYS = (
    # Licences are gathered in one file; in place they make the longest paths of the bundle (181 characters), which Windows' Explorer refuses.
    _rule("torch's lists of files and licences", r"torch-[^/]+\.dist-info/(licenses/|RECORD|NOTICE)"),
    _rule("torch's tools, tests and headers", r"torch/bin/(?!torch_shm_manager)", r"torch/(test|include|share)/"),
    _rule("torch's test libraries", r"torch/lib/(lib)?(torchbind_test|jitbackend_test|backend_with_compiler|aoti_custom_ops)\.(so|dll|dylib)"),
    # Compiled modules are there. Source is read by TorchScript and by torch's modules of settings, of which these folders have only the latter.
    _rule("source of torch's code generator and tests", r"torch/(testing|_inductor(?!/(.*/)?config[^/]*\.py$))/.*\.py$"),
    _rule("bitsandbytes for other devices", r"bitsandbytes/libbitsandbytes_(rocm|xpu|hpu)"),
    _rule("transformers' converters and generators of code", r"transformers/models/[^/]+/(convert_|modular_)[^/]+\.py$"),
    # Names from encyclopaedias, which the analyser does not load.
    _rule("Kiwi's large dictionary", r"kiwipiepy_model/multi\.dict$"),
    _rule(
        "metadata of what is not in the bundle",
        r"(pytest|datasets|peft|trl|pyarrow|mistral_common|tiktoken|ruff|hf_xet|setuptools|pip)-[^/]+\.dist-info/",
    ),
)
_CPU = (
    _rule("bitsandbytes for CUDA", r"bitsandbytes/libbitsandbytes_cuda"),
    # A build machine with CUDA lends them without being asked: bitsandbytes is linked to libcudart.
    _rule(
        "CUDA",
        r"(.*/)?(lib)?(nvrtc|nvJitLink|nvToolsExt|cu(da|dart|blas|blasLt|sparse|sparseLt|fft|rand|solver|dnn|pti))[^/]*\.(so|dll)[^/]*$",
        r"nvidia/",
    ),
)
# bitsandbytes brings a library for each CUDA; torch 2.13 is built with 13.
_OTHER_CUDA = _rule("bitsandbytes for older CUDA", r"bitsandbytes/libbitsandbytes_cuda1[12]\d")


def rules(*, cuda: bool) -> tuple[Rule, ...]:
    return (*_ALWAYS, _OTHER_CUDA) if cuda else (*_ALWAYS, *_CPU)


def excluded_modules(*, windowed: bool) -> tuple[str, ...]:
    """What PyInstaller is not to follow; `windowed` keeps pywebview and what it draws with."""
    return (*TRAINING, *CHECKS, *UNUSED, *(() if windowed else ("webview", "qtpy", "PySide6", "shiboken6")))


def dropped_by(destination: str, among: Iterable[Rule]) -> str | None:
    """The reason why a file at `destination` stays out; None where it goes in."""
    path = destination.replace("\\", "/")
    return next((rule.reason for rule in among if rule.pattern.match(path)), None)
