"""Additions that TensorFlow may not fuse with the convolution before them.

On a CPU it makes one oneDNN operation of convolution + bias + addition. That works in place on the other summand if nobody else
needs it. Otherwise it copies it, through members of the kernel that no lock guards (TensorFlow 2.21, `fuse_add_src_` in
core/kernels/mkl/mkl_conv_ops.cc): of two calls at once, requests to a server or images of one `tf.map_fn`, one may take the
other's values, or both end with the process.
"""

from collections import defaultdict

import keras
from keras import layers

from sslzoo import backends


@keras.saving.register_keras_serializable("sslzoo")
class Apart(layers.Layer):
    """Identity; where it is `active`, no graph optimiser joins what lies before it with what lies behind."""

    active = False

    def call(self, x):
        return backends.apart(x) if self.active else x

    def compute_output_shape(self, input_shape):
        return input_shape


class Calls:
    """The calls of layers that build a network, one by one, with the summands of its additions kept apart where they must be."""

    def __init__(self):
        self.readers = defaultdict(set)  # id of a tensor -> numbers of the calls that read it
        self.before = {}  # id of a tensor -> numbers of the calls that it is made by
        self.additions = []  # ({id of a summand: its guard}, numbers of the calls that the sum is made by)
        self.tensors = []  # kept alive: an id stays its own

    def __call__(self, layer, *args, **kwargs):
        number, inputs = len(self.tensors), _symbolic((args, kwargs))
        before = {number}.union(*(self.before.get(id(x), ()) for x in inputs))
        if type(layer).__name__ == "Add":  # of keras.layers, and what keras.ops.add makes
            guards = {id(x): Apart() for x in inputs}
            self.additions.append((guards, before))
            args, kwargs = keras.tree.map_structure(lambda x: guards[id(x)](x) if id(x) in guards else x, (args, kwargs))
        outputs = layer(*args, **kwargs)
        for x in inputs:
            self.readers[id(x)].add(number)
        self.before |= {id(y): before for y in _symbolic(outputs)}
        self.tensors.append((inputs, outputs))
        return outputs

    def finish(self, outputs):
        """Activate the guards of each addition with a summand that others may still read; `outputs` are the network's."""
        end = len(self.tensors)
        used = {end}.union(*(self.before.get(id(y), ()) for y in outputs))
        for y in outputs:
            self.readers[id(y)].add(end)
        for guards, before in self.additions:
            shared = any(self.readers[x] & used - before for x in guards)
            for guard in guards.values():
                guard.active = shared


def _symbolic(values):
    return [x for x in keras.tree.flatten(values) if isinstance(x, keras.KerasTensor)]
