import numpy as np
import pytest

from sslzoo.data import ByDomain, Dataset
from sslzoo.data.periods import cut_periods


def dataset(sizes=(9, 4, 6)):
    domains = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    rows = np.arange(len(domains), dtype="float32")
    return Dataset(vectors=rows[:, None] * np.ones(3, "float32"), targets=rows, domains=domains)


def series(rows=40):
    level = np.where(np.arange(rows) < 12, 0.0, 5.0)
    return {"series": np.ones((rows, 4, 2)) * level[:, None, None], "targets": np.arange(rows)}


def test_a_batch_is_as_many_different_rows_of_each_domain():
    data, seen = dataset(), set()
    stream = ByDomain(data, samples=4)
    for i in range(40):
        batch = stream[i]
        assert batch["domains"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
        assert len(set(batch["index"])) == 12 == stream.batch_size
        np.testing.assert_array_equal(batch["domains"], data.domains[batch["index"]])
        np.testing.assert_array_equal(batch["targets"], batch["index"])
        np.testing.assert_array_equal(batch["vectors"][:, 0], batch["index"])
        seen |= set(batch["index"].tolist())
    assert seen == set(range(19)) and stream.count == 3


def test_item_i_is_the_batch_of_step_i_wherever_one_starts():
    whole = ByDomain(dataset(), 2, steps_per_epoch=4, seed=5)
    index = [whole[i]["index"].tolist() for i in range(10)]
    assert [whole.starting_at(3)[i]["index"].tolist() for i in range(7)] == index[3:]
    assert ByDomain(dataset(), 2, steps_per_epoch=4, seed=6)[0]["index"].tolist() != index[0]
    assert len({tuple(rows) for rows in index}) == 10


def test_series_in_the_order_of_time_are_cut_into_periods():
    stream = ByDomain(series(), samples=3, periods=2)
    np.testing.assert_array_equal(stream.arrays["domains"], cut_periods(series()["series"], 2))
    batch = stream[0]
    assert (batch["index"][:3] < 12).all() and (batch["index"][3:] >= 12).all()
    assert batch["domains"].tolist() == [0, 0, 0, 1, 1, 1]


def test_as_many_segments_as_periods_are_periods_of_equal_length():
    stream = ByDomain(series(), samples=3, periods=4, segments=4)
    np.testing.assert_array_equal(stream.arrays["domains"], np.repeat(range(4), 10))
    assert stream.settings["segments"] == 4


def test_one_period_is_the_whole_set():
    stream = ByDomain(series(), samples=40, periods=1)
    assert sorted(stream[0]["index"]) == list(range(40)) and stream.steps_per_epoch == 1


def test_an_epoch_draws_as_many_rows_as_there_are():
    assert ByDomain(dataset(), 2).steps_per_epoch == 19 // 6
    assert ByDomain(dataset(), 4, steps_per_epoch=7).steps_per_epoch == 7


def test_periods_and_samples_belong_to_a_checkpoint():
    two, three = (ByDomain(series(), samples=3, periods=k, steps_per_epoch=5) for k in (2, 3))
    assert two.settings != three.settings and two.settings["samples"] == 3


@pytest.mark.parametrize(
    ("data", "options", "sentence"),
    [
        (dataset(), {"samples": 5}, "be at most 4, the vectors of domain 1."),
        (dataset(), {"periods": 2, "samples": 2}, "data: got domains and periods"),
        (series(), {"samples": 2}, "data: got no domains; it must have domains, or be series"),
        (dataset().replace(domains=None), {"periods": 2}, "periods: got 2 of vectors"),
        (dataset(), {"samples": 0}, "samples: got 0; it must be an integer of at least 1."),
        (series(), {"periods": 0}, "periods: got 0"),
        (series(), {"periods": 2, "segments": 1}, "periods: got 2"),
        (series(), {"periods": 2, "segments": 0}, "segments: got 0"),
    ],
)
def test_data_that_cannot_be_drawn_so_are_refused(data, options, sentence):
    with pytest.raises(ValueError) as error:
        ByDomain(data, **options)
    assert sentence in str(error.value)
