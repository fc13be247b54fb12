"""Byte ranges by every way this system has, and what happens when one of them does not work here."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from solar_chat.upscale.ranges import Buffered, Copier, Way, available_ways

# More than one buffer, and no round number.
DATA = os.urandom(9_000_001)


def copy(folder: Path, ways: list[Way] | None = None, start: int = 11, length: int = 8_500_000) -> tuple[bool, bytes, list[int]]:
    (folder / "from").write_bytes(DATA)
    steps: list[int] = []
    with (folder / "from").open("rb", buffering=0) as origin, (folder / "to").open("wb", buffering=0) as target:
        target.write(b"head")
        done = Copier(steps.append, ways).copy(origin.fileno(), target.fileno(), start, 4, length)
    return done, (folder / "to").read_bytes(), steps


@pytest.mark.parametrize("number", range(len(available_ways())))
def test_every_way_copies_the_same(number: int, tmp_path: Path) -> None:
    done, written, steps = copy(tmp_path, [available_ways()[number]])
    assert done
    assert written == b"head" + DATA[11 : 11 + 8_500_000]
    assert sum(steps) == 8_500_000


@pytest.mark.parametrize("answer", [errno.ENOSYS, errno.EXDEV, errno.EINVAL, 0])
def test_a_way_that_does_not_work_here_is_left(answer: int, tmp_path: Path) -> None:
    calls: list[int] = []

    def refusing(origin: int, target: int, start: int, at: int, length: int) -> int:
        calls.append(length)
        if answer:
            raise OSError(answer, "not here")
        return 0

    done, written, _ = copy(tmp_path, [refusing, Buffered().copy])
    assert done
    assert written == b"head" + DATA[11 : 11 + 8_500_000]
    assert len(calls) == 1


def test_a_real_failure_is_not_hidden(tmp_path: Path) -> None:
    def full(*_: int) -> int:
        raise OSError(errno.ENOSPC, "disk full")

    with pytest.raises(OSError, match="disk full"):
        copy(tmp_path, [full, Buffered().copy])


@pytest.mark.parametrize("number", [None, *range(len(available_ways()))])
def test_a_source_that_ends_too_early_is_told(number: int | None, tmp_path: Path) -> None:
    ways = None if number is None else [available_ways()[number]]
    done, written, steps = copy(tmp_path, ways, start=8_999_000, length=5000)
    assert not done
    assert sum(steps) == 1001
    assert written == b"head" + DATA[8_999_000:]
