import os
import stat
import time

import numpy as np
import pytest

from sslzoo import files


def test_a_file_appears_whole_and_keeps_its_mode(tmp_path):
    path = tmp_path / "a.npz"
    with files.atomic(path) as file:
        np.savez(file, x=np.arange(3))
        assert not path.exists()
    assert np.load(path)["x"].tolist() == [0, 1, 2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o600)
    files.replace_file(path, b"new")
    assert path.read_bytes() == b"new" and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a.npz"]


@pytest.mark.parametrize("error", [RuntimeError("stop"), KeyboardInterrupt()])
def test_a_block_that_raises_leaves_the_old_file_and_no_part(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), files.atomic(path) as file:
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as error:
        files.replace_file(path, b"new")
    assert str(error.value) == f"{path}: not written (No space left on device); there is no file."
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="the file before is as it was"):
        files.replace_file(path, b"new")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_missing_folder_is_one_sentence(tmp_path):
    path = tmp_path / "none" / "a.txt"
    with pytest.raises(OSError) as error:
        files.replace_file(path, b"new")
    assert str(error.value) == (
        f"{path}: not written (No such file or directory); there is no file."
    )


def test_two_writers_at_once_leave_one_whole_file(tmp_path):
    path = tmp_path / "a.txt"
    with files.atomic(path) as first, files.atomic(path) as second:
        first.write(b"1" * 1000)
        second.write(b"2" * 1000)
    assert path.read_bytes() in (b"1" * 1000, b"2" * 1000)
    assert os.listdir(tmp_path) == ["a.txt"]


def test_parts_of_killed_processes_go_after_a_day(tmp_path):
    old, fresh, other = (
        tmp_path / name for name in (".a[1].txt.x.part", ".a[1].txt.y.part", ".b.txt.x.part")
    )
    for part in (old, fresh, other):
        part.write_bytes(b"half")
        if part != fresh:
            os.utime(part, (time.time() - 2 * files.PART_SECONDS,) * 2)
    files.replace_file(tmp_path / "a[1].txt", b"new")
    assert sorted(os.listdir(tmp_path)) == sorted([fresh.name, other.name, "a[1].txt"])
