"""Process-wide settings of Keras that models here do not work with."""

import keras

from sslzoo.checks import refused


def check_settings() -> None:
    """Refuse settings of Keras under which a model would compute something else.

    Raises:
        ValueError: in one sentence, with what to set.

    Example:
        >>> import keras
        >>> from sslzoo.inputs import check_settings
        >>> keras.config.set_image_data_format("channels_first")
        >>> check_settings()
        Traceback (most recent call last):
        ValueError: image_data_format of Keras: got channels_first; it must be channels_last \
(keras.config.set_image_data_format).
        >>> keras.config.set_image_data_format("channels_last")
    """
    order = keras.config.image_data_format()
    if order != "channels_last":
        needed = "be channels_last (keras.config.set_image_data_format)"
        raise refused("image_data_format of Keras", order, needed)
    for dtype in (keras.config.floatx(), keras.config.dtype_policy().variable_dtype):
        if dtype != "float32":
            needed = "be float32; for half precision keras.config.set_dtype_policy('mixed_float16')"
            raise refused("floatx of Keras", dtype, needed)
