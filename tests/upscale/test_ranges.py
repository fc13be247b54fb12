"""Byte ranges by every way this system has, and what happens when one of them does not work here."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from solar_chat.upscale import ranges
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


def test_steps_begin_at_multiples_of_what_the_kernel_copies_at_once(tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def watched(origin: int, target: int, start: int, at: int, length: int) -> int:
        asked.append((at, length))
        return Buffered().copy(origin, target, start, at, length)

    done, written, _ = copy(tmp_path, [watched])
    assert done
    assert written == b"head" + DATA[11 : 11 + 8_500_000]
    assert asked[0] == (4, 65_532)
    assert all(at % 65_536 == 0 for at, _ in asked[1:])


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
    expected = b"head" + DATA[8_999_000:]
    assert written.startswith(expected)
    # Room may have been taken for the rest.
    assert not any(written[len(expected) :])


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="only some systems can be told")
def test_the_system_is_told_that_a_range_is_read_from_front_to_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "posix_fadvise", lambda _file, start, length, advice: told.append((start, length, advice)))
    assert copy(tmp_path)[0]
    assert told == [(11, 8_500_000, os.POSIX_FADV_SEQUENTIAL)]


@pytest.mark.parametrize(("kind", "reserved"), [("ext4", [(4, 8_500_000)]), ("btrfs", []), ("xfs", []), ("nfs4", []), ("", [])])
def test_room_is_taken_first_where_that_helps(kind: str, reserved: list[tuple[int, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[int, int]] = []
    monkeypatch.setattr(ranges, "file_system", lambda _device: kind)
    monkeypatch.setattr(os, "posix_fallocate", lambda _file, at, length: taken.append((at, length)), raising=False)
    done, written, _ = copy(tmp_path)
    assert done
    assert written == b"head" + DATA[11 : 11 + 8_500_000]
    assert taken == reserved


def test_a_disk_that_has_no_room_says_so_before_anything_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "disk full")

    monkeypatch.setattr(ranges, "file_system", lambda _device: "ext4")
    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(OSError, match="disk full"):
        copy(tmp_path)
    assert (tmp_path / "to").read_bytes() == b"head"


def test_the_kind_of_a_file_system_is_read_from_the_kernels_list(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw\n"
        "31 22 0:28 / /한글\\040자리 rw - btrfs /dev/sdb rw\n"
        "40 22 254:01 / /x rw - xfs /dev/sdc rw\n"
    )
    assert ranges.file_system(os.makedev(254, 0), mounts) == "ext4"
    assert ranges.file_system(os.makedev(0, 28), mounts) == "btrfs"
    assert ranges.file_system(os.makedev(254, 1), mounts) == ""
    assert ranges.file_system(os.makedev(254, 0), tmp_path / "none") == ""


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="only Linux keeps such a list")
def test_this_machines_list_knows_its_own_root() -> None:
    assert ranges.file_system(Path("/proc").stat().st_dev) == "proc"
