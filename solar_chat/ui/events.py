"""How the page's handlers are called: without a bar of progress, closed to API clients, and outside Gradio's queue.

The three differ in what becomes of a second event while the first is not answered yet; Gradio calls that the trigger mode, and drops it by default.
"""

from __future__ import annotations

from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
"""The second is dropped."""

LAST: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}
"""The last one is heard after the first, with what its inputs hold by then: nothing that the first one's answer draws may be among them."""

EVERY: dict[str, Any] = {**QUIET, "trigger_mode": "multiple"}
"""Each is heard at once, also beside another."""
