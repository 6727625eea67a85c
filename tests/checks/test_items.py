import numpy as np
import pytest

from sslzoo import checks


@pytest.mark.parametrize(
    ("check", "shape"),
    [
        (checks.check_series, (4, 6, 2)),
        (checks.check_vectors, (4, 6)),
        (checks.check_nodes, (2, 4, 6)),
        (checks.check_audio, (4, 6)),
    ],
)
class TestFloats:
    def test_floats_are_not_copied(self, check, shape):
        for dtype in ("float16", "float32", "float64"):
            values = np.zeros(shape, dtype)
            assert np.shares_memory(check(values), values)

    def test_a_rank_too_few_or_too_many_is_named(self, check, shape):
        for wrong in (shape[1:], (*shape, 1), (0, *shape[1:])):
            with pytest.raises(ValueError, match=r"^x: got shape \(.*; it must be .*\(. ?"):
                check(np.zeros(wrong), "x")

    def test_one_bad_value_is_found(self, check, shape):
        for value in (np.nan, np.inf, -np.inf):
            values = np.zeros(shape)
            values.flat[-1] = value
            with pytest.raises(ValueError, match="^x: got "):
                check(values, "x")

    def test_no_array_of_numbers_is_a_type_error(self, check, shape):
        for wrong in (None, "text", np.zeros(shape, bool), [[1.0], [1.0, 2.0]]):
            with pytest.raises(TypeError, match="^x: got .*; it must be "):
                check(wrong, "x")


def test_integers_become_floats():
    for check, shape in ((checks.check_series, (1, 2, 3)), (checks.check_vectors, (2, 3))):
        assert check(np.full(shape, 7, "int64")).dtype == "float32"


def test_audio_is_int16_or_floats_up_to_full_scale():
    loud = np.array([[-32768, 32767]], "int16")
    assert np.shares_memory(checks.check_audio(loud), loud)
    assert checks.check_audio([[-1.0, 1.0]]).shape == (1, 2)
    for wrong, got in (
        (loud.astype("int32"), "int32 values"),
        (np.array([[0, 255]], "uint8"), "uint8 values"),
        (loud.astype("float32"), "floats from -32768.0 to 32767.0"),
    ):
        with pytest.raises(ValueError) as error:
            checks.check_audio(wrong)
        assert str(error.value) == f"audio: got {got}; it must hold floats in -1..1, or int16."


def test_tokens_come_back_as_int32_within_the_vocabulary():
    assert checks.check_tokens(np.array([[0, 9]], "int64"), 10).dtype == "int32"
    for wrong, sentence in (
        ([[0, 10]], "tokens: got integers from 0 to 10; it must be integers (N, L) in 0..9."),
        ([[-1, 1]], "tokens: got integers from -1 to 1; it must be integers (N, L) in 0..9."),
        ([[0.0]], "tokens: got float64 values; it must be integers (N, L)."),
        (
            [0, 1],
            "tokens: got shape (2,); it must be integers (N, L) with at least one value.",
        ),
    ):
        with pytest.raises(ValueError) as error:
            checks.check_tokens(wrong, 10)
        assert str(error.value) == sentence
    with pytest.raises(ValueError, match="0..2147483647"):
        checks.check_tokens([[2**31]])


def test_edges_are_nodes_or_fill_up_with_minus_one():
    edges = checks.check_edges([[[0, 1], [-1, -1]], [[2, 2], [1, 0]]], nodes=3)
    assert edges.dtype == "int32" and edges.shape == (2, 2, 2)
    for wrong, got in (
        ([[[0, 3]]], "integers from 0 to 3"),
        ([[[-2, -2]]], "integers from -2 to -2"),
        ([[[0, -1]]], "-1 at one end of an edge alone"),
        ([[[0, 1, 2]]], r"shape \(1, 1, 3\)"),
        ([[0, 1]], r"shape \(1, 2\)"),
        ([[[0.0, 1.0]]], "float64 values"),
    ):
        with pytest.raises(ValueError, match=f"^edges: got {got}; it must "):
            checks.check_edges(wrong, nodes=3)
