"""What tests of several rooms share: the system's Chromium, and patience."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

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
