"""What tests of several rooms share: the system's Chromium, patience, and the processes they run in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
# Offline and the same everywhere: no sandbox for a container's root, no GPU, no visits of the browser's own.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Each takes 1.3 GB, and a model or a browser beside it.
MOST_PROCESSES = 4
# A busy machine is no finding.
settings.register_profile("unhurried", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def find_chromium() -> str | None:
    """Path of a Chromium: SOLAR_CHAT_CHROMIUM, else whatever is installed."""
    return os.environ.get("SOLAR_CHAT_CHROMIUM") or next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


# Not longer than a module: while Playwright runs, the main thread has an event loop, and no other test could start one.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        reason = "no Chromium found; install one or set SOLAR_CHAT_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


# optionalhook: without xdist nobody knows this hook.
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes run the tests of folders. Chosen files, a debugger and `-s` need the one that the terminal talks to."""
    if config.getoption("capture") == "no" or not all(Path(argument).is_dir() for argument in config.args):
        return 0
    return min(os.cpu_count() or 1, MOST_PROCESSES)


def sendable(part: Any) -> Any:
    """A report's part with a question mark for each lone surrogate."""
    if isinstance(part, str):
        return part.encode(errors="replace").decode()
    if isinstance(part, dict):
        return {name: sendable(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return type(part)(map(sendable, part))
    return part


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """What tests log and print comes with their reports; lone surrogates, which some do, cannot travel from one process to another."""
    return sendable((yield))
