"""What a verb declares, and what its graph may return."""

import keras
import numpy as np
import pytest

import sslzoo
from sslzoo.training import Verb


@pytest.mark.parametrize("results", [(1, 2), [1, 2], {"scale": 2, "mean": 1}])
def test_results_get_the_names_of_the_verb_in_its_order(results):
    assert list(Verb(("mean", "scale")).named(results).items()) == [("mean", 1), ("scale", 2)]


def test_a_single_result_needs_no_tuple():
    assert Verb("embedding").named(3) == {"embedding": 3}
    assert Verb("embedding").named({"embedding": 3}) == {"embedding": 3}


def test_other_results_than_declared_are_refused():
    with pytest.raises(ValueError, match=r"got 1 results; needed \('mean', 'scale'\)"):
        Verb(("mean", "scale")).named(3)
    with pytest.raises(ValueError, match=r"got results \['mean'\]; needed \('mean', 'scale'\)"):
        Verb(("mean", "scale")).named({"mean": 1})


def test_keras_predict_gives_what_encode_gives_or_one_sentence():
    model = sslzoo.build("simclr", "micro", 8)
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(model.predict(images, verbose=0), model.encode(images))
    with pytest.raises(ValueError, match="images: got floats from .*divide by 255"):
        model.predict(images.astype("float32"))
    with pytest.raises(ValueError, match="steps: got a value beside arrays"):
        model.predict(images, steps=2)
    with pytest.raises(TypeError, match="images: got object values"):
        model.predict(None)
    with pytest.raises(TypeError, match="images: got a sequence of unequal shapes"):
        model.predict((images, np.zeros(5)))


class Stream(keras.utils.PyDataset):
    def __init__(self, images):
        super().__init__()
        self.images = images

    def __len__(self):
        return 2

    def __getitem__(self, i):
        return (self.images, np.zeros(5))


def test_predict_reads_streams_and_checks_their_first_batch():
    """A stream of floats 0..255 gave features of nothing, a generator a page of pixels."""
    model = sslzoo.build("simclr", "micro", 8)
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    assert model.predict(Stream(images), verbose=0).shape == (10, 16)
    with pytest.raises(ValueError, match="images: got floats from .*divide by 255"):
        model.predict(Stream(images.astype("float32")), verbose=0)
    with pytest.raises(TypeError, match="x: got a generator; it must be .* read again"):
        model.predict(batch for batch in [images])


def test_keras_evaluate_names_what_measures():
    model = sslzoo.build("simclr", "micro", 8)
    for verb in (model.evaluate, model.test_on_batch):
        with pytest.raises(TypeError, match=r"evaluate: SimCLR has no metric .*evaluate.knn"):
            verb(np.zeros((5, 8, 8, 3), "uint8"))
