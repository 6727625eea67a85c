import os
import stat
import time

import numpy as np
import pytest

import sslzoo
from sslzoo import files
from sslzoo.training.contents import check_digest


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
        part.mkdir()
        (part / "a").write_bytes(b"half")
        if part != fresh:
            os.utime(part, (time.time() - 2 * files.PART_SECONDS,) * 2)
    files.replace_file(tmp_path / "a[1].txt", b"new")
    assert sorted(os.listdir(tmp_path)) == sorted([fresh.name, other.name, "a[1].txt"])


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "a").write_bytes(b"a file")
    with pytest.raises(OSError) as error:
        files.make_folder(tmp_path / "a" / "b")
    assert str(error.value) == f"{tmp_path}/a/b: this folder cannot be made (Not a directory)."


def test_a_pipe_is_no_file_and_does_not_hang(tmp_path):
    pipe = tmp_path / "run.yaml"
    os.mkfifo(pipe)
    for read in (sslzoo.Checkpoint.steps_done, check_digest):
        with pytest.raises(ValueError, match="run.yaml: not a readable .*it is no regular file"):
            read(pipe)
    with pytest.raises(FileNotFoundError, match="config: there is no file .*run.yaml"):
        sslzoo.load(pipe)


def test_what_a_library_raises_of_a_damaged_file_is_one_sentence(tmp_path):
    def reading():
        raise RuntimeError("several\n  lines " + "x" * 999)

    with pytest.raises(ValueError) as error:
        files.read_own("a.npz", reading, "checkpoint")
    text = str(error.value)
    assert text.startswith("a.npz: not a readable checkpoint (RuntimeError: several lines xxx")
    assert "\n" not in text and len(text) < 300
    with pytest.raises(FileNotFoundError):
        files.read_own(tmp_path / "a", (tmp_path / "a").read_bytes, "checkpoint")
