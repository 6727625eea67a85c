"""AdamW that leaves biases and normalization alone."""

import keras


@keras.saving.register_keras_serializable("sslzoo")
class AdamW(keras.optimizers.AdamW):
    """`keras.optimizers.AdamW` whose decay skips variables of at most one axis, as in the recipes
    of MAE and DINO.

    Keras' `exclude_from_weight_decay(var_names=...)` would do, but it is not in the optimizer's
    config: a reloaded model would decay them.

    Example:
        >>> from sslzoo import optim
        >>> optim.AdamW(1e-3, weight_decay=0.05).weight_decay
        0.05
    """

    def build(self, variables: list) -> None:
        if not self.built:
            self.exclude_from_weight_decay(var_list=[v for v in variables if len(v.shape) <= 1])
        super().build(variables)
