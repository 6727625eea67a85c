"""What a backend must do itself, chosen by `keras.backend.backend()`: one module per backend, the
same names in each.

`Step` is the mix-in with the training step. `gather` joins a tensor over replicas, `shares` counts
the parts of a batch, and `built_here` knows a model of other devices. `process` tells the processes
of one run apart. `put_rows` and `take_rows` are of variables. `compiled` turns a model's function
into a fast one over NumPy arrays, and `untouched` into one that leaves the model as it is; where
`open_shapes` is true, arrays of different shapes share a program. `abstract` traces a function
without running it. `gradient` differentiates a function of tensors, and its result can be
differentiated again.
"""

import keras

from sslzoo.backends import devices

if keras.backend.backend() == "tensorflow":
    from sslzoo.backends import rows_tensorflow as rows
    from sslzoo.backends import tensorflow as chosen
elif keras.backend.backend() == "jax":
    from sslzoo.backends import jax as chosen
    from sslzoo.backends import rows_jax as rows
else:
    raise ImportError(
        f"KERAS_BACKEND is {keras.backend.backend()!r}; sslzoo trains on 'tensorflow' (default) or "
        "'jax', set one of them before Keras is imported."
    )

Step = chosen.Step
abstract = chosen.abstract
apart = chosen.apart
bias_add = chosen.bias_add
built_here = devices.built_here
compiled = chosen.compiled
fused_batch_norm = chosen.fused_batch_norm
gather = chosen.gather
gradient = chosen.gradient
one_by_one = chosen.one_by_one
open_shapes = chosen.open_shapes
process = chosen.process
put_rows = rows.put_rows
replica_seed = chosen.replica_seed
replicas = chosen.replicas
shares = chosen.shares
take_rows = rows.take_rows
untouched = chosen.untouched
