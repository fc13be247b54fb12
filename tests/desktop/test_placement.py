"""The window opens where it can be seen, whatever was kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from solar_chat.desktop.placement import HEIGHT, WIDTH, Area, Follower, Placement, load_placement, save_placement

SCREEN = Area(0, 0, 1920, 1080)
LEFT = Area(-1280, 0, 1280, 1024)


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "집" / "window.json"
    placement = Placement(1000, 700, -40, 12, maximized=True)
    save_placement(file, placement)
    assert load_placement(file) == placement
    assert [each.name for each in file.parent.iterdir()] == ["window.json"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Placement()),
        ("[]", Placement()),
        ("{", Placement()),
        ('{"width": "wide", "height": 700}', Placement(WIDTH, 700)),
        ('{"width": 1, "height": -5}', Placement()),
        ('{"width": 1e9, "height": true}', Placement()),
        ('{"width": 800, "height": 600, "x": 5}', Placement(800, 600)),
        ('{"width": 800, "height": 600, "x": 5, "y": null, "maximized": 1}', Placement(800, 600)),
    ],
)
def test_what_cannot_be_used_is_left_out(tmp_path: Path, text: str, expected: Placement) -> None:
    file = tmp_path / "window.json"
    file.write_text(text, encoding="utf-8")
    assert load_placement(file) == expected


def test_nothing_kept_is_the_first_size(tmp_path: Path) -> None:
    assert load_placement(tmp_path / "none.json") == Placement(WIDTH, HEIGHT, None, None)


@pytest.mark.parametrize(
    ("placement", "screens", "expected"),
    [
        (Placement(800, 600, 100, 100), [SCREEN], Placement(800, 600, 100, 100)),
        (Placement(800, 600, -1200, 100), [SCREEN, LEFT], Placement(800, 600, -1200, 100)),
        # The screen at the left is gone.
        (Placement(800, 600, -1200, 100), [SCREEN], Placement(800, 600)),
        (Placement(800, 600, 100, -300), [SCREEN], Placement(800, 600)),
        (Placement(800, 600, 100, 1079), [SCREEN], Placement(800, 600)),
        (Placement(5000, 3000, 0, 0), [SCREEN], Placement(1920, 1080, 0, 0)),
        (Placement(800, 600, 9000, 9000), [], Placement(800, 600, 9000, 9000)),
    ],
)
def test_it_lies_on_a_screen(placement: Placement, screens: list[Area], expected: Placement) -> None:
    assert placement.on(screens) == expected


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    save_placement(tmp_path / "file" / "window.json", Placement())
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


class Hand:
    """A follower and the time."""

    def __init__(self, placement: Placement | None = None) -> None:
        self.now = 10.0
        self.follower = Follower(placement or Placement(800, 600, 1, 2), lambda: self.now)

    def later(self, seconds: float = 1.0) -> Follower:
        self.now += seconds
        return self.follower


def test_it_follows_a_hand() -> None:
    hand = Hand()
    hand.later().resized(900, 650)
    hand.later(0.01).moved(-40.7, 60)
    assert hand.follower.placement == Placement(900, 650, -40, 60)
    hand.later().resized(100, 20)
    assert hand.follower.placement == Placement(900, 650, -40, 60)


@pytest.mark.parametrize("first", [True, False])
def test_a_maximized_window_keeps_the_size_it_had(first: bool) -> None:
    hand = Hand()
    hand.later().resized(900, 650)
    hand.later()
    # Each event has a thread of its own: which one is heard first is chance.
    events: list[Callable[[], None]] = [hand.follower.maximized, lambda: hand.follower.resized(1920, 1080), lambda: hand.follower.moved(0, 0)]
    for event in events if first else reversed(events):
        event()
    assert hand.follower.placement == Placement(900, 650, 1, 2, maximized=True)
    hand.later().restored()
    hand.follower.resized(1920, 1080)
    assert hand.follower.placement == Placement(900, 650, 1, 2)
    hand.later().moved(7, 8)
    assert hand.follower.placement == Placement(900, 650, 7, 8)


def test_a_minimized_window_is_nowhere() -> None:
    hand = Hand(Placement(900, 650, 1, 2, maximized=True))
    hand.later().moved(-32000, -32000)
    hand.follower.minimized_now()
    hand.later().moved(-32000, -32000)
    assert hand.follower.minimized
    assert hand.follower.placement == Placement(900, 650, 1, 2, maximized=True)
    hand.later().maximized()
    assert not hand.follower.minimized
