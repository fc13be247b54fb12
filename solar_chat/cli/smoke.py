"""`--smoke`: whether every part of an installation is there and works, a line each.

For what would be noticed late or never: a library that puts a stand-in in its own place, a file that was not packed, a keychain that is not found.
Each part is used the way the app uses it, in a folder of its own that is deleted; the person's conversations and settings are not touched, and
nothing leaves the computer.
"""

from __future__ import annotations

import logging
import re
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

from solar_chat import paths
from solar_chat.assistant import Answer, Assistant
from solar_chat.engine.endpoint import Endpoint
from solar_chat.engine.native import four_bit_library
from solar_chat.errors import SolarChatError
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.keys import UPSTAGE, keychain_library
from solar_chat.language import LEVELS, complies, rewrite, sentences
from solar_chat.language.identification.foreign import detected
from solar_chat.models import STARTER
from solar_chat.models.hub import transport_error
from solar_chat.paths import SAMPLE_TEXT, STARTER_MODEL, Home
from solar_chat.workshop.exporting import export_model

_PAGE_S = 30


class CheckFailed(Exception):
    """What was found instead."""


class NotHere(Exception):
    """The part is not meant for this system."""


def smoke(catalogue: Catalogue, lang: InterfaceLanguage, *, show: Callable[[str], None]) -> bool:
    """Run all checks, `show` a line for each, and say whether none failed."""
    failed = 0
    question = catalogue.tr("ko", "example.level")
    with (
        tempfile.TemporaryDirectory(prefix="solar-chat-smoke-", ignore_cleanup_errors=True) as work,
        Assistant.open(Home.find(Path(work))) as assistant,
    ):
        checks: dict[str, Callable[[], str]] = {
            "files": _files,
            "history": lambda: _history(assistant),
            "kiwi": _kiwi,
            "langdetect": _langdetect,
            "four_bit": lambda: _four_bit(assistant),
            "starter": lambda: _answer(assistant, STARTER.id, question),
            "llama_cpp": lambda: _llama_cpp(assistant, Path(work), question),
            "keychain": keychain_library,
            "https": _https,
            "page": lambda: _page(assistant),
        }
        for name, check in checks.items():
            began = time.perf_counter()
            title = catalogue.tr(lang, f"smoke.{name}")
            try:
                show(catalogue.tr(lang, "smoke.passed", check=title, found=check(), seconds=f"{time.perf_counter() - began:.1f}"))
            except NotHere:
                show(catalogue.tr(lang, "smoke.not_here", check=title))
            except Exception as error:  # an installation that is not whole raises anything
                failed += 1
                logging.getLogger("solar_chat.smoke").debug("%s", name, exc_info=True)
                show(catalogue.tr(lang, "smoke.failed", check=title, reason=_reason(error, catalogue, lang)))
        show(catalogue.tr(lang, "smoke.some_failed", failed=failed, checks=len(checks)) if failed else catalogue.tr(lang, "smoke.all_passed"))
    return failed == 0


def _reason(error: Exception, catalogue: Catalogue, lang: InterfaceLanguage) -> str:
    if isinstance(error, SolarChatError):
        return catalogue.describe(error, lang)
    return str(error) if isinstance(error, CheckFailed) else f"{type(error).__name__}: {' '.join(str(error).split())}"


def _files() -> str:
    missing = [str(path) for path in paths.RESOURCES if not path.is_file()]
    if missing:
        raise CheckFailed(", ".join(missing))
    return str(paths.ASSETS)


def _samples() -> dict[str, str]:
    """A paragraph of each language, from the text that comes with the app: English, and Korean in the formal level."""
    lines = [line for line in SAMPLE_TEXT.read_text(encoding="utf-8").splitlines() if line]
    return {"en": lines[0], "ko": next(line for line in lines if not line.isascii())}


def _history(assistant: Assistant) -> str:
    conversation, text = assistant.store.create(), _samples()["ko"]
    assistant.store.append(conversation.id, "user", text, None)
    if not assistant.store.search("owner", text.split()[0]):
        raise CheckFailed("FTS5")
    return "SQLite FTS5"


def _kiwi() -> str:
    text = _samples()["ko"]
    rewritten = rewrite(text, "polite").text
    if {sentence.level for sentence in sentences(text)} != {"formal"} or {sentence.level for sentence in sentences(rewritten)} != {"polite"}:
        raise CheckFailed(rewritten)
    return ", ".join(LEVELS)


def _langdetect() -> str:
    found = {language: (detected(text) or ("-", 0.0))[0] for language, text in _samples().items()}
    if list(found) != list(found.values()):
        raise CheckFailed(str(found))
    return ", ".join(found)


def _four_bit(assistant: Assistant) -> str:
    hardware = assistant.library.hardware()
    # Metal has no kernels for it; everywhere else the app brings bitsandbytes.
    if hardware.device == "mps":
        raise NotHere
    return four_bit_library(STARTER_MODEL, hardware)


def _answer(assistant: Assistant, model: str, question: str) -> str:
    assistant.start_loading(model, fall_back=False)
    *_, answer = assistant.turn(assistant.request(question, level="polite", seed=0)).stream()
    if not isinstance(answer, Answer) or answer.language != "ko" or not complies(answer.reply, "polite"):
        raise CheckFailed(repr(answer))
    return answer.reply


def _llama_cpp(assistant: Assistant, work: Path, question: str) -> str:
    made, _spec = export_model(STARTER.id, work / "starter.gguf", "q8_0", assistant.home)
    return _answer(assistant, str(made.gguf), question)


def _https() -> str:
    # Both make their clients, and with them read the certificates that they trust.
    Endpoint(UPSTAGE).close()
    return f"openai, {transport_error().__module__}"


def _page(assistant: Assistant) -> str:
    # Gradio takes a second or two to import; see `serving`.
    from solar_chat import ui

    addresses: list[str] = []
    parts: dict[str, int] = {}

    def fetch() -> None:
        # This computer is not asked through anybody's proxy.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def got(path: str) -> str:
            with opener.open(urljoin(addresses[0], path), timeout=_PAGE_S) as answer:
                return str(answer.read().decode())

        for part in re.findall(r'(?:src|href)="([^"]+\.(?:js|css))"', got("")):
            parts[part] = len(got(part))

    ui.launch(assistant, on_ready=lambda owner, _visitors: addresses.append(owner or ""), until=fetch)
    if not parts or not all(parts.values()):
        raise CheckFailed(str(parts))
    return ", ".join(part.rpartition("/")[2] for part in parts)
