"""What the tests of ReMoS and its baseline share beside the harness."""

import fine_tuning
import keras
import pytest
from fine_tuning import same, values
from harness import EAGER, inject
from keras import ops
from over_domains import Checks as Trained

from sslzoo import nn


def kernels(model):
    return [ops.convert_to_numpy(layer.kernel).copy() for layer in nn.kernel_layers(model.backbone)]


class Checks(fine_tuning.Checks):
    learning_rate = 0.1
    forward = Trained.forward  # BatchNorm normalizes by the batch

    def test_a_second_fit_goes_on(self):
        model, batch = inject(self.make(share=0.3)), self.batch(16)
        model.compile(keras.optimizers.SGD(0.0), **EAGER)
        model.fit(batch, batch_size=16, epochs=2, verbose=0)
        once = kernels(model)
        model.fit(batch, batch_size=16, verbose=0)
        assert all(same(once, kernels(model)))
        assert sum((k == 0).sum() for k in once) == int(0.3 * sum(k.size for k in once))

    def test_the_teacher_stays_as_it_is(self):
        network = self.network()
        before = values(network.weights)
        model = inject(self.method(network, 10))
        model.compile("sgd", **EAGER)
        model.fit(self.batch(16), batch_size=16, verbose=0)
        assert all(same(before, values(network.weights)))

    def test_a_share_beyond_1_is_refused(self):
        with pytest.raises(ValueError, match="share: got 1.5"):
            self.make(share=1.5)
