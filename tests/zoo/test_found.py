"""Samplers and protocols that a config may name: found from their files, with their settings."""

import inspect

import pytest

from sslzoo import evaluate
from sslzoo.data import streams
from sslzoo.evaluate import protocols
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.found import PROTOCOLS, SAMPLERS, with_settings


def test_every_file_can_be_named():
    assert set(SAMPLERS) == set(streams.names())
    assert set(PROTOCOLS) == set(protocols.names()) - {"incremental"}  # measured on the way


def test_a_protocol_says_in_its_file_how_its_data_are_read(tmp_path, monkeypatch):
    found = {name: protocols.data(name) for name in protocols.names()}
    assert {name: way for name, way in found.items() if way != "sets"} == {
        "detection": "maps",
        "segmentation": "maps",
        "super_resolution": "pictures",
        "incremental": "tasks",
    }
    for name, text in (("new", 'DATA = "pictures"\n'), ("bad", 'DATA = "picture"\n')):
        (tmp_path / f"{name}.py").write_text(f"{text}\n\ndef {name}(model, test):\n    pass\n")
    paths = {path.stem: path for path in tmp_path.glob("*.py")}
    monkeypatch.setattr(protocols, "_files", lambda: paths)
    assert protocols.data("new") == "pictures"
    with pytest.raises(ValueError, match="Unknown DATA of bad 'picture'; did you mean pictures?"):
        protocols.data("bad")


def test_what_is_measured_while_tasks_are_learned_cannot_be_asked_for_again():
    config = load_config("naive_mlp.mnist")
    with pytest.raises(ValueError, match="protocol: incremental is measured while the tasks are"):
        with_settings(config, "incremental")
    with pytest.raises(ValueError, match="Unknown protocol 'incrementl'"):
        with_settings(config, "incrementl")


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_a_config_leaves_out_is_the_default_of_the_function(name):
    parameters = inspect.signature(getattr(evaluate, name)).parameters
    roles = protocols.roles(name)
    fields = {k: f for k, f in PROTOCOLS[name].model_fields.items() if k != "protocol"}
    assert fields.keys() <= parameters.keys()
    assert all(fields[role].is_required() for role in roles)
    given = {k: f.default for k, f in fields.items() if not f.is_required()}
    assert given == {key: parameters[key].default for key in given}
