"""Speed and time left, on a clock that the test turns."""

from __future__ import annotations

import pytest

from solar_chat.models.progress import Meter
from solar_chat.models.transfer import Stopped
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(clock: Clock) -> Meter:
    meter = Meter(clock)
    # 4 MB of 10 were here before.
    meter.begin(4_000_000, 10_000_000)
    return meter


def run(meter: Meter, clock: Clock, seconds: int, bytes_a_second: int) -> None:
    for _ in range(seconds * 10):
        clock.now += 0.1
        meter.count(bytes_a_second // 10)


def test_the_speed_is_that_of_the_line_and_not_of_what_was_here(meter: Meter, clock: Clock) -> None:
    assert meter.read("downloading").bytes_per_second is None
    run(meter, clock, 5, 100_000)
    now = meter.read("downloading")
    assert (now.done_bytes, now.share) == (4_500_000, 0.45)
    assert now.bytes_per_second == pytest.approx(100_000, rel=0.05)
    assert now.seconds_left == pytest.approx(55, rel=0.05)


def test_the_speed_follows_the_last_seconds(meter: Meter, clock: Clock) -> None:
    run(meter, clock, 20, 200_000)
    run(meter, clock, 11, 20_000)
    assert meter.read("downloading").bytes_per_second == pytest.approx(20_000, rel=0.1)
    # Nothing comes: the speed falls instead of standing still.
    clock.now += 30
    assert (meter.read("downloading").bytes_per_second or 0) < 7_000


def test_a_file_that_begins_anew_takes_its_bytes_back(meter: Meter, clock: Clock) -> None:
    run(meter, clock, 5, 100_000)
    meter.count(-500_000)
    now = meter.read("downloading")
    assert (now.done_bytes, now.bytes_per_second) == (4_000_000, None)


def test_stopping_ends_a_wait_at_once(meter: Meter) -> None:
    meter.stop()
    with pytest.raises(Stopped):
        meter.wait(3600)
    with pytest.raises(Stopped):
        meter.check()
    assert meter.read("paused").seconds_left is None
