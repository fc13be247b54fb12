"""The bundle as a stranger meets it: a double click, a chat in a real browser and through `/v1`, closed, started again, found again; no network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from solar_chat.language import complies
from tests.conftest import find_chromium

pytestmark = [pytest.mark.browser, pytest.mark.skipif(sys.platform != "linux", reason="namespaces and Xvfb are Linux's")]

SCRIPT = Path(__file__).with_name("evening.py")
EVENING_S = 480
LOOPBACK = {"127.0.0.1", "::1"}


def without_network() -> list[str]:
    """A command that runs another one where there is no network; empty where this system does not let us."""
    for command in (["unshare", "--map-root-user", "--net"], ["unshare", "--net"]):
        if shutil.which(command[0]) and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return []


@pytest.fixture(scope="module")
def evening(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    chromium = find_chromium()
    for needed, found in (("Chromium", chromium), ("Xvfb", shutil.which("Xvfb"))):
        if found is None:
            if os.environ.get("CI") == "true":
                pytest.fail(f"no {needed} found")
            pytest.skip(f"no {needed} found; install it")
    work = tmp_path_factory.mktemp("evening")
    before = written(bundle)
    command = [*without_network(), sys.executable, str(SCRIPT), str(bundle), str(work), str(chromium)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=EVENING_S)
    logs = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in work.rglob("*.log"))
    assert done.returncode == 0, f"{done.stderr}\n{logs}"
    facts: dict[str, Any] = json.loads((work / "evening.json").read_text(encoding="utf-8"))
    return {**facts, "written": sorted(written(bundle) ^ before)}


def written(folder: Path) -> set[tuple[str, int]]:
    """What lies in `folder`, and when it was written."""
    return {(str(path.relative_to(folder)), path.lstat().st_mtime_ns) for path in folder.rglob("*")}


def test_there_was_no_network(evening: dict[str, Any]) -> None:
    if not without_network():
        pytest.skip("this system gives no network namespace")
    assert evening["interfaces"] == ["lo"]


def test_the_program_talked_to_this_computer_only(evening: dict[str, Any]) -> None:
    assert evening["addresses"]
    assert set(evening["addresses"]) <= LOOPBACK


def test_it_opened_the_browser_itself(evening: dict[str, Any]) -> None:
    assert len(evening["opened"]) == 3
    assert {urlsplit(url).hostname for url in evening["opened"]} == {"127.0.0.1"}
    assert "Solar Chat" in evening["title"]


def test_the_browser_gets_the_systems_libraries(evening: dict[str, Any]) -> None:
    names = {line.partition("=")[0] for line in evening["environment"].splitlines()}
    assert "DISPLAY" in names
    assert not [name for name in names if name.startswith(("LD_LIBRARY_PATH", "_PYI_", "_MEIPASS"))]


def test_the_model_in_the_box_answers_in_the_page(evening: dict[str, Any]) -> None:
    assert evening["reply"].strip()
    assert complies(evening["reply"], "formal"), evening["reply"]
    assert "합쇼체" in evening["note"]


def test_another_program_is_answered_at_v1(evening: dict[str, Any]) -> None:
    assert evening["models"]
    assert evening["api_reply"].strip()
    assert complies(evening["api_reply"], "polite"), evening["api_reply"]


def test_a_second_double_click_opens_the_page_of_the_first(evening: dict[str, Any]) -> None:
    assert evening["again_exit"] == 3
    assert urlsplit(evening["opened"][1]).port == urlsplit(evening["url"]).port


def test_it_ends_by_quit_and_by_logging_out(evening: dict[str, Any]) -> None:
    assert (evening["first_exit"], evening["second_exit"]) == (0, 0)
    assert "대화는 저장되어 있습니다" in evening["over"]


def test_the_chat_is_found_again_and_goes_on(evening: dict[str, Any]) -> None:
    assert any("대화는 어디에 저장돼?" in text for text in evening["found"])
    assert evening["next_reply"].strip()
    assert evening["next_reply"] != evening["reply"]


def test_what_it_wrote_is_in_the_home(evening: dict[str, Any]) -> None:
    assert any(name.endswith("conversations.sqlite3") for name in evening["home"])
    assert any(name.endswith("solar-chat.log") for name in evening["home"])
    assert not any(name.endswith("instance.json") for name in evening["home"])


def test_nothing_was_written_into_the_bundle(evening: dict[str, Any]) -> None:
    assert evening["written"] == []
