import keras
import numpy as np
import resets
from harness import EAGER, inject
from resets import kernels

from sslzoo.methods.transfer.magnitude_pruning import MagnitudePruning


class TestMagnitudePruning(resets.Checks):
    method = MagnitudePruning
    arguments = {"share": 0.3, "backbone_rate": 0.5}

    def test_the_smallest_weights_of_the_whole_network_are_zero_and_stay(self):
        """Also under momentum."""
        before = np.concatenate([k.ravel() for k in kernels(self.make())])
        model = inject(self.make())
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), **EAGER)
        model.fit(self.batch(16), batch_size=16, epochs=3, verbose=0)
        after = np.concatenate([k.ravel() for k in kernels(model)])
        smallest = np.argsort(np.abs(before))[: int(0.3 * len(before))]
        expected = np.zeros(len(before), bool)
        expected[smallest] = True
        np.testing.assert_array_equal(after == 0, expected)
        assert (after != before)[~expected].all()
        assert model.zeros == expected.mean()
