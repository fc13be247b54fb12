"""`build.spec` for the systems it is not built on here: PyInstaller's classes are recorders, everything else in it runs."""

from __future__ import annotations

import plistlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PyInstaller", reason="building needs requirements-bundle.txt")

ROOT = Path(__file__).resolve().parents[2]
# As an analysis finds them on Windows; only what exists is weighed.
BINARIES = [
    "bitsandbytes\\libbitsandbytes_cuda130.dll",
    "bitsandbytes\\libbitsandbytes_cpu.dll",
    "torch\\lib\\cublas64_13.dll",
    "torch\\lib\\torch_cpu.dll",
]


@dataclass
class Spec:
    """What the spec asked PyInstaller for."""

    work: Path
    calls: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = field(default_factory=dict)

    def recorder(self, name: str) -> Any:
        def record(*arguments: Any, **named: Any) -> Analysis:
            self.calls[name] = arguments, named
            return Analysis()

        return record

    def run(self) -> dict[str, Any]:
        names = {name: self.recorder(name) for name in ("Analysis", "PYZ", "EXE", "COLLECT", "BUNDLE")}
        variables: dict[str, Any] = {"SPECPATH": str(ROOT), "DISTPATH": str(self.work), "workpath": str(self.work), **names}
        exec(compile((ROOT / "build.spec").read_text(encoding="utf-8"), "build.spec", "exec"), variables)
        return variables


class Analysis:
    def __init__(self) -> None:
        self.binaries = [(name, __file__, "BINARY") for name in BINARIES]
        self.datas: list[tuple[str, str, str]] = []
        self.pure = [("langdetect", __file__, "PYMODULE")]
        self.scripts: list[tuple[str, str, str]] = []


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spec:
    # The spec puts its own folder in front.
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("SOLAR_CHAT_BUNDLE_CUDA", raising=False)
    return Spec(tmp_path)


def test_windows_gets_icon_version_and_no_console(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    spec.run()
    arguments, exe = spec.calls["EXE"]
    assert exe["icon"].endswith(".ico")
    assert Path(exe["icon"]).is_file()
    assert "VSVersionInfo" in Path(exe["version"]).read_text(encoding="utf-8")
    assert exe["console"] is False
    assert [("X utf8=1", None, "OPTION")] in arguments
    assert "webview" not in spec.calls["Analysis"][1]["excludes"]
    assert "BUNDLE" not in spec.calls
    # Beside the libraries: the terms of what is inside.
    (_, binaries, datas), _ = spec.calls["COLLECT"]
    assert [entry[0] for entry in binaries] == ["bitsandbytes\\libbitsandbytes_cpu.dll", "torch\\lib\\torch_cpu.dll"]
    assert "THIRD_PARTY_LICENSES.txt" in [entry[0] for entry in datas]


def test_macos_gets_an_app(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    spec.run()
    _, app = spec.calls["BUNDLE"]
    assert app["name"] == "SolarChat.app"
    assert Path(app["icon"]).suffix == ".icns"
    assert plistlib.loads(plistlib.dumps(app["info_plist"]))["CFBundleLocalizations"] == ["en", "ko"]
    assert spec.calls["EXE"][1]["console"] is False
    assert spec.calls["EXE"][1]["version"] is None


def test_cuda_is_a_switch_of_the_same_spec(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("SOLAR_CHAT_BUNDLE_CUDA", "1")
    spec.run()
    (_, binaries, _), _ = spec.calls["COLLECT"]
    assert [entry[0] for entry in binaries] == BINARIES


def test_everything_that_is_needed_offline_is_collected(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    spec.run()
    analysis = spec.calls["Analysis"][1]
    into = {target.replace("\\", "/") for _, target in analysis["datas"]}
    assert {"assets", "locales", "kiwipiepy_model", "langdetect/profiles", "gradio/templates/frontend"} <= into
    assert {"kiwipiepy_model", "solar_chat.engine.llama_server", "solar_chat.desktop.window"} <= set(analysis["hiddenimports"])
    assert {"transformers.models.bert", "trl", "pytest"} <= set(analysis["excludes"])
    assert not {"transformers.models.llama", "transformers.models.auto"} & set(analysis["excludes"])
