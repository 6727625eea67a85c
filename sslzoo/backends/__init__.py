"""What a backend must do itself, chosen by `keras.backend.backend()`: one module per backend, the same names in each.

`Step` is the mix-in with the training step, `gather` joins a tensor over replicas, `process` tells the processes of one
run apart, `compiled` turns a model's function into a fast one over NumPy arrays, `abstract` traces a function without
running it.
"""

import keras

if keras.backend.backend() == "tensorflow":
    from sslzoo.backends.tensorflow import (
        Step,
        abstract,
        apart,
        bias_add,
        compiled,
        fused_batch_norm,
        gather,
        process,
        replica_index,
        replicas,
    )
elif keras.backend.backend() == "jax":
    from sslzoo.backends.jax import (
        Step,
        abstract,
        apart,
        bias_add,
        compiled,
        fused_batch_norm,
        gather,
        process,
        replica_index,
        replicas,
    )
else:
    raise ImportError(
        f"KERAS_BACKEND is {keras.backend.backend()!r}; sslzoo trains on 'tensorflow' (default) or 'jax', "
        "set one of them before Keras is imported."
    )

__all__ = [
    "Step",
    "abstract",
    "apart",
    "bias_add",
    "compiled",
    "fused_batch_norm",
    "gather",
    "process",
    "replica_index",
    "replicas",
]
