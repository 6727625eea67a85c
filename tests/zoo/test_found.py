"""Samplers and protocols that a config may name: found from their files, with their settings."""

import inspect

import pytest

from sslzoo import evaluate
from sslzoo.data import streams
from sslzoo.evaluate import protocols
from sslzoo.zoo.found import PROTOCOLS, SAMPLERS


def test_every_file_can_be_named():
    assert set(SAMPLERS) == set(streams.names())
    assert set(PROTOCOLS) == set(protocols.names()) - {"incremental"}  # measured on the way


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_a_config_leaves_out_is_the_default_of_the_function(name):
    parameters = inspect.signature(getattr(evaluate, name)).parameters
    roles = protocols.roles(name)
    fields = {k: f for k, f in PROTOCOLS[name].model_fields.items() if k != "protocol"}
    assert fields.keys() <= parameters.keys()
    assert all(fields[role].is_required() for role in roles)
    given = {k: f.default for k, f in fields.items() if not f.is_required()}
    assert given == {key: parameters[key].default for key in given}
