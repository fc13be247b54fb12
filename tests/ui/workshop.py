"""A page over an assistant that really loads models, for the tests of the views in which models are handled; and tabs in it that are watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from solar_chat.assistant import Assistant
from solar_chat.engine import check_model, load_model
from solar_chat.hardware import detect
from solar_chat.paths import Home
from solar_chat.ui.environment import prepare
from tests.ui.house import free_port


@contextmanager
def working_page(folder: Path) -> Iterator[tuple[str, Assistant]]:
    """The page's address and the assistant behind it, whose home is `folder` and whose model is the one in the box."""
    prepare()
    # Imports Gradio, which `prepare` must precede.
    from solar_chat.ui.server import serve

    with pytest.MonkeyPatch.context() as patch:
        # The house of the other tests here has put a scripted model in their place.
        patch.setattr("solar_chat.assistant.switching.check_model", check_model)
        patch.setattr("solar_chat.assistant.switching.load_model", load_model)
        patch.setattr("solar_chat.assistant.switching.detect", detect)
        patch.setattr("solar_chat.assistant.assistant.detect", detect)
        with (
            Assistant.open(Home.find(folder)) as assistant,
            serve(assistant, host="127.0.0.1", port=free_port(), share=False, password=None, lang=None) as addresses,
        ):
            assistant.start_loading("starter")
            assistant.wait_ready()
            yield addresses.owner or "", assistant


@contextmanager
def watched_tab(chromium: Browser, url: str, view: str) -> Iterator[Page]:
    """A Korean tab with `view` opened. Fails where it asked another host for something."""
    context = chromium.new_context(locale="ko-KR", viewport={"width": 1280, "height": 900})
    foreign: list[str] = []
    context.on("request", lambda request: None if request.url.startswith((url, "data:", "blob:")) else foreign.append(request.url))
    page = context.new_page()
    page.goto(f"{url}#{view}")
    yield page
    context.close()
    assert foreign == []
