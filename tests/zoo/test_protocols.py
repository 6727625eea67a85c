"""The evaluations that a config may list."""

import inspect

import pytest

from sslzoo import evaluate
from sslzoo.zoo.protocols import PROTOCOLS


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_a_config_leaves_out_is_the_default_of_the_function(name):
    parameters = inspect.signature(getattr(evaluate, name)).parameters
    fields = {
        key: field
        for key, field in PROTOCOLS[name].model_fields.items()
        if key not in ("protocol", "train", "test")
    }
    assert fields.keys() <= parameters.keys()
    given = {
        key: field.default
        for key, field in fields.items()
        if not field.is_required() and field.default is not None
    }
    assert given == {key: parameters[key].default for key in given}  # None is not passed on
