"""Damage to the bytes of a file."""

import numpy as np


def flipped_bit(content, rng):
    return flipped_bits(content, rng, 1)


def flipped_bits(content, rng, count=32):
    values = np.frombuffer(content, "uint8").copy()
    places = rng.integers(len(values), size=count)
    values[places] ^= np.uint8(1) << rng.integers(8, size=count).astype("uint8")
    return values.tobytes()


def flipped_bit_in_front(content, rng):
    """Where the file says what it is and what it holds."""
    front = flipped_bits(content[:1024], rng, 1)
    return front + content[1024:]


def truncated(content, rng):
    return content[: rng.integers(len(content))]


def emptied(content, rng):
    return b""


def garbage(content, rng):
    return rng.bytes(int(rng.integers(1, 4096)))


def good_start_then_garbage(content, rng):
    kept = int(rng.integers(4, 64))
    return content[:kept] + rng.bytes(len(content) - kept)


def block_of_zeros(content, rng):
    start = int(rng.integers(len(content)))
    length = min(int(rng.integers(1, 4096)), len(content) - start)
    return content[:start] + bytes(length) + content[start + length :]


def block_left_out(content, rng):
    start = int(rng.integers(len(content)))
    return content[:start] + content[start + int(rng.integers(1, 4096)) :]


def block_twice(content, rng):
    start = int(rng.integers(len(content)))
    block = content[start : start + int(rng.integers(1, 4096))]
    return content[:start] + block + content[start:]


def more_at_the_end(content, rng):
    return content + rng.bytes(int(rng.integers(1, 4096)))


def another_kind_of_file(content, rng):
    files = (b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\x93NUMPY\x01\x00", b"version https://git-lfs")
    return files[rng.integers(len(files))] + rng.bytes(200)


DAMAGE = (
    flipped_bit,
    flipped_bits,
    flipped_bit_in_front,
    truncated,
    emptied,
    garbage,
    good_start_then_garbage,
    block_of_zeros,
    block_left_out,
    block_twice,
    more_at_the_end,
    another_kind_of_file,
)


def words(function):
    """The name of a kind of damage as the table shows it."""
    return function.__name__.replace("_", " ")
