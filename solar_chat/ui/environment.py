"""What must hold before `import gradio`: no telemetry, no proxy for ourselves, nothing written into the installation, and no pandas.

Gradio writes `.pyi` files beside its components at every import, which takes longer than the rest of the import and fails in a read-only
installation, and at its first start there the seed by which it names cached files. It imports pandas to recognise tables, of which our page has none:
34 MB of memory and a tenth of the import. The hooks touch internals of Gradio 6; where those are gone, nothing happens.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import sys
import uuid
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

_REWRITER = "create_or_modify_pyi"
_SEED = "get_hash_seed"
_TABLES = "pandas"
_Load = Callable[[ModuleType], None]


class LighterGradio(MetaPathFinder):
    """Lets three of Gradio's modules load as they are: without the stub writer, with pandas put off, with a seed of this process's own."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        lighter = _LIGHTER.get(fullname)
        if lighter is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module
        spec.loader.exec_module = lambda module: lighter(load, module)  # type: ignore[method-assign]  # only this one loader, for this one module
        return spec


def _without_stub_writer(load: _Load, module: ModuleType) -> None:
    load(module)
    if hasattr(module, _REWRITER):
        setattr(module, _REWRITER, lambda *_args, **_kwargs: None)


def _with_pandas_later(load: _Load, module: ModuleType) -> None:
    """The module asks for names of pandas inside its functions only: it gets a stand-in that imports pandas when one is asked for."""
    if _TABLES in sys.modules:
        load(module)
        return
    stand_in = _Later(_TABLES)
    sys.modules[_TABLES] = stand_in
    try:
        load(module)
    finally:
        if sys.modules.get(_TABLES) is stand_in:
            del sys.modules[_TABLES]


class _Later(ModuleType):
    """A module that is imported by the first question for one of its names."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def _with_own_seed(load: _Load, module: ModuleType) -> None:
    load(module)
    if hasattr(module, _SEED):
        # It would only matter to files that one run caches for the next.
        setattr(module, _SEED, lambda: uuid.uuid4().hex)


_LIGHTER = {"gradio.component_meta": _without_stub_writer, "gradio.caching": _with_pandas_later, "gradio.utils": _with_own_seed}


def prepare() -> None:
    """Set the environment and the import hook. May be called more than once."""
    # Version check and launch statistics would be the only requests to another host.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    # Gradio calls its own address while it starts; through a company's proxy that fails.
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join([*hosts, *(host for host in ("127.0.0.1", "localhost") if host not in hosts)])
    if not any(isinstance(finder, LighterGradio) for finder in sys.meta_path):
        sys.meta_path.insert(0, LighterGradio())
