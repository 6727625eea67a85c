"""Whether a model was built on the devices that it is trained on."""

import keras


def built_here(model: keras.Model) -> bool:
    """Whether the strategy around this call, or the devices of `keras.distribution`, are those that
    the model was built with.

    Example:
        >>> import sslzoo
        >>> from sslzoo import backends
        >>> backends.built_here(sslzoo.build("simclr", "micro", 8))
        True
    """
    if keras.backend.backend() == "jax":
        distribution = keras.distribution.distribution()
        count = distribution and distribution.device_mesh.devices.size
        return all(count in (None, len(v.value.sharding.device_set)) for v in model.variables)
    import tensorflow as tf

    created_here = tf.distribute.get_strategy().extended.variable_created_in_scope
    anywhere = not tf.distribute.has_strategy()
    return anywhere or all(created_here(v.value) for v in model.variables)
