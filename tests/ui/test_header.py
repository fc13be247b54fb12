"""The line about the model: a page says plainly when what is written leaves this computer."""

from __future__ import annotations

import re

import pytest

from solar_chat.assistant import LoadState
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.ui.header import status_html


@pytest.mark.parametrize(
    ("lang", "server", "expected"),
    [
        ("ko", "https://api.upstage.ai", "준비됐습니다 · solar-pro4 · 대화 내용이 https://api.upstage.ai로 나갑니다"),
        ("en", "https://api.upstage.ai", "Ready · solar-pro4 · what you write goes to https://api.upstage.ai"),
        ("ko", None, "준비됐습니다 · solar-pro4 · 원격"),
    ],
)
def test_where_what_is_written_goes(lang: InterfaceLanguage, server: str | None, expected: str) -> None:
    shown = status_html(LoadState("ready", "solar-pro4", device="remote", server=server), Catalogue.load(), lang)
    # What may not be cut off on a narrow screen is marked for the style.
    assert ("leaves" in shown) is (server is not None)
    assert re.sub(r"<[^>]*>", "", shown) == expected
