"""Puts `zoo_configs/` and `weights/`, which lie beside the package, into it."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["sslzoo", "sslzoo.*"]),
        "sslzoo.zoo_configs",
        "sslzoo.weights",
    ],
    package_dir={"sslzoo.zoo_configs": "zoo_configs", "sslzoo.weights": "weights"},
    package_data={
        "sslzoo": ["templates/*", "py.typed"],
        "sslzoo.zoo_configs": ["*.yaml"],
        "sslzoo.weights": ["*.weights.h5"],
    },
    include_package_data=False,
)
