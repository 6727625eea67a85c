"""CRC-32C (Castagnoli), the checksum of TensorFlow's checkpoints, many bytes at a time."""

from typing import Any

import numpy as np

POLYNOMIAL = 0x82F63B78  # reversed
SHORT = 4096  # bytes; below, one after another


def crc32c(data: Any, start: int = 0) -> int:
    """The checksum of bytes. `start`: that of the bytes before.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    values = np.frombuffer(data, "u1")
    register = start ^ 0xFFFFFFFF
    while len(values) >= SHORT:
        lanes = 1 << (len(values).bit_length() // 2)
        length = len(values) // lanes & ~1
        register = _parallel(values[: lanes * length].reshape(lanes, length), register)
        values = values[lanes * length :]
    for value in values.tolist():
        register = int(BYTES[(register ^ value) & 0xFF]) ^ (register >> 8)
    return register ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """A checksum as TensorFlow stores it.

    >>> hex(masked(0xE3069283))
    '0xc78ab0e5'
    """
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _parallel(lanes, register):
    """All lanes (N, bytes) side by side, two bytes a step, then joined in pairs."""
    registers = np.zeros(len(lanes), "u4")
    registers[0] = register
    for pair in np.ascontiguousarray(lanes.view("<u2").T):  # (N,)
        registers = PAIRS[(registers ^ pair) & 0xFFFF] ^ (registers >> 16)
    zeros = _power(ZERO_BYTE, lanes.shape[1])
    while len(registers) > 1:
        registers = _apply(zeros, registers[::2]) ^ registers[1::2]
        zeros = _apply(zeros, zeros)
    return int(registers[0])


def _bytes_table():
    table = np.arange(256, dtype="u4")
    for _ in range(8):
        table = (table >> 1) ^ np.where(table & 1, np.uint32(POLYNOMIAL), np.uint32(0))
    return table


def _apply(matrix, registers):
    """A linear map of 32 bits, given as the images of the single bits (32,)."""
    result = np.zeros_like(registers)
    for bit in range(32):
        result ^= np.where(registers >> np.uint32(bit) & 1, matrix[bit], np.uint32(0))
    return result


def _power(matrix, exponent):
    result = UNITS
    while exponent:
        if exponent & 1:
            result = _apply(matrix, result)
        matrix = _apply(matrix, matrix)
        exponent >>= 1
    return result


BYTES = _bytes_table()
_BOTH = np.arange(1 << 16, dtype="u4")
PAIRS = BYTES[(BYTES[_BOTH & 0xFF] ^ (_BOTH >> 8)) & 0xFF] ^ (BYTES[_BOTH & 0xFF] >> 8)
UNITS = np.uint32(1) << np.arange(32, dtype="u4")
ZERO_BYTE = BYTES[UNITS & 0xFF] ^ (UNITS >> 8)  # what one zero byte does to each bit
