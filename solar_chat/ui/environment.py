"""What must hold before `import gradio`: no telemetry, no proxy for ourselves, and no rewriting of stubs.

Gradio writes `.pyi` files beside its components at every import, which takes longer than the rest of the import and fails in a read-only
installation. The hook that skips it touches an internal of Gradio 6; where that internal is gone, nothing happens.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

_PATCHED = "gradio.component_meta"
_REWRITER = "create_or_modify_pyi"


class StubSkipper(MetaPathFinder):
    """Lets Gradio's component module load as it is, then takes its stub writer away."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != _PATCHED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            if hasattr(module, _REWRITER):
                setattr(module, _REWRITER, lambda *_args, **_kwargs: None)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # only this one loader, for this one module
        return spec


def prepare() -> None:
    """Set the environment and the import hook. May be called more than once."""
    # Version check and launch statistics would be the only requests to another host.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    # Gradio calls its own address while it starts; through a company's proxy that fails.
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join([*hosts, *(host for host in ("127.0.0.1", "localhost") if host not in hosts)])
    if not any(isinstance(finder, StubSkipper) for finder in sys.meta_path):
        sys.meta_path.insert(0, StubSkipper())
