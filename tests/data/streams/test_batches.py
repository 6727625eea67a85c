import copy
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from sslzoo.data import Batches, ByDomain, ClassBalanced, Crops, Dataset, ImageFiles, Paired


def arrays(n=10):
    return {
        "images": np.arange(n, dtype="float32")[:, None, None, None]
        * np.ones((1, 2, 2, 1), "float32")
    }


def test_the_order_is_the_documented_permutation():
    batches = Batches(arrays(10), 3, seed=7)
    assert batches.steps_per_epoch == 3
    for step in (0, 2, 3, 8, 4):
        epoch, k = divmod(step, 3)
        rows = np.random.default_rng((7, epoch)).permutation(10)[3 * k : 3 * k + 3]
        assert batches[step]["index"].tolist() == rows.tolist()
        assert batches[step]["images"][:, 0, 0, 0].tolist() == rows.tolist()


def test_every_row_comes_once_per_epoch_in_a_new_order():
    batches = Batches(arrays(12), 4)
    epochs = [
        np.concatenate([batches[3 * epoch + k]["index"] for k in range(3)]).tolist()
        for epoch in range(4)
    ]
    assert all(sorted(rows) == list(range(12)) for rows in epochs)
    assert len({tuple(rows) for rows in epochs}) == 4


def test_the_remainder_is_left_out_anew_each_epoch():
    batches = Batches(arrays(10), 4)
    seen = {row for step in range(2 * 10) for row in batches[step]["index"]}
    assert seen == set(range(10))


def test_start_resumes_the_same_order():
    whole, resumed = Batches(arrays(), 3, seed=1), Batches(arrays(), 3, seed=1, start=5)
    for i in range(6):
        assert resumed[i]["index"].tolist() == whole[5 + i]["index"].tolist()


def test_fewer_rows_than_a_batch_make_one_batch():
    batches = Batches(arrays(5), 8)
    assert batches.steps_per_epoch == 1 and batches.batch_size == 5
    assert sorted(batches[3]["index"]) == list(range(5))


def test_a_data_set_gives_its_labels():
    data = Dataset(np.zeros((6, 4, 4), "uint8"), np.arange(6))
    batch = Batches(data, 2)[1]
    assert batch["labels"].tolist() == batch["index"].tolist()


def test_changing_a_batch_changes_no_other():
    batches = Batches(arrays(), 4)
    before = batches[0]["index"].tolist()
    batches[0]["index"][:] = 0
    assert batches[0]["index"].tolist() == before


def test_threads_read_the_same_batches():
    batches = Batches(arrays(64), 4, seed=3)
    expected = [batches[i]["index"].tolist() for i in range(64)]
    with ThreadPoolExecutor(8) as pool:
        assert [
            batch["index"].tolist() for batch in pool.map(batches.__getitem__, range(64))
        ] == expected


def test_images_decoded_on_access_come_in_the_same_order_one_batch_ahead():
    read = []

    def decode(row, size):
        read.append(row)
        return np.full((size, size, 3), row, "uint8")

    batches = Batches(Dataset(ImageFiles(range(12), 2, decode=decode)), 3, seed=5)
    plain = Batches(arrays(12), 3, seed=5)
    for i in (0, 1, 2, 9, 3):
        assert batches[i]["images"][:, 0, 0, 0].tolist() == plain[i]["index"].tolist()
    batches._reader.pool().shutdown()
    # 0, 1, 2, 3 in sequence; the jump to 9 and the one back each read their own batch and the next.
    assert len(read) == 3 * (4 + 2 + 2)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ({"batch_size": 0}, "batch_size: got 0; it must be an integer of at least 1."),
        ({"batch_size": 2.5}, "batch_size: got 2.5; it must be an integer of at least 1."),
        ({"batch_size": 2, "seed": -1}, "seed: got -1; it must be an integer of at least 0."),
        ({"batch_size": 2, "start": -1}, "start: got -1; it must be an integer of at least 0."),
    ],
)
def test_wrong_numbers_are_named(arguments, sentence):
    with pytest.raises(ValueError) as error:
        Batches(arrays(), **arguments)
    assert str(error.value) == sentence


def test_fields_of_unequal_length_and_no_rows_are_refused():
    with pytest.raises(
        ValueError,
        match="data: got fields of the lengths {'images': 10, 'labels': 3}; it must have one",
    ):
        Batches({**arrays(), "labels": np.arange(3)}, 2)
    for nothing in ({}, arrays(0), Dataset(np.zeros((0, 4, 4), "uint8"))):
        with pytest.raises(ValueError, match="data: got no rows; it must have at least one"):
            Batches(nothing, 2)


# ---- processes ------------------------------------------------------------------------


@pytest.fixture
def on_disk(tmp_path):
    """Batches of files, after one was read and the next is being read ahead."""
    for row in range(12):
        Image.fromarray(np.full((4, 4, 3), row, "uint8")).save(tmp_path / f"{row:02}.png")
    batches = Batches(Dataset(ImageFiles(sorted(tmp_path.iterdir()), 4)), 3, seed=5)
    batches[0]
    return batches


def test_streams_of_files_are_pickled_and_copied(on_disk):
    for other in (pickle.loads(pickle.dumps(on_disk)), copy.deepcopy(on_disk)):
        for i in (1, 2, 7):
            np.testing.assert_array_equal(other[i]["images"], on_disk[i]["images"])


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_streams_of_files_are_read_in_a_process(on_disk, start):
    """A fork has none of the threads of its parent; waiting for them would be for ever."""
    expected = on_disk[1]["images"][:, 0, 0, 0].tolist()
    context = multiprocessing.get_context(start)
    answers = context.Queue()
    process = context.Process(target=read_in_a_process, args=(on_disk, answers))
    process.start()
    try:
        assert answers.get(timeout=120) == expected
    finally:
        process.kill()


def read_in_a_process(batches, answers):
    answers.put(batches[1]["images"][:, 0, 0, 0].tolist())


@pytest.mark.parametrize("sampler", [Paired, ClassBalanced, ByDomain, Crops])
def test_every_stream_is_pickled(sampler):
    data = {"images": np.zeros((8, 4, 4), "uint8"), "labels": [0, 1] * 4, "domains": [0, 1] * 4}
    makers = {
        Paired: lambda: Paired(data, batch_size=2, ratio=1),
        ClassBalanced: lambda: ClassBalanced(data, classes=2, samples=2),
        ByDomain: lambda: ByDomain(data, samples=2),
        Crops: lambda: Crops([np.zeros((9, 9), "uint8")], 4, 2, 3),
    }
    stream = makers[sampler]()
    other = pickle.loads(pickle.dumps(stream))
    for field, values in stream[3].items():
        np.testing.assert_array_equal(other[3][field], values)
    assert other.fingerprint == stream.fingerprint


def test_an_index_of_the_data_comes_before_the_numbers_of_rows():
    """Methods with a memory number the rows of the whole set; a part of it has other ones."""
    batches = Batches({"vectors": np.eye(4), "index": np.array([7, 5, 3, 1])}, batch_size=4)
    batch = batches[0]
    np.testing.assert_array_equal(batch["index"], 7 - 2 * batch["vectors"].argmax(axis=1))
