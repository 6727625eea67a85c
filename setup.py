"""Puts `zoo_configs/` and the small weights, which lie beside the package, into it."""

from pathlib import Path

from setuptools import find_packages, setup

# bytes of weights that a wheel may carry; the larger ones are fetched from the release
LIMIT = 20e6

HERE = Path(__file__).parent
weights, total = [], 0
for path in sorted((HERE / "weights").glob("*.weights.h5"), key=lambda p: p.stat().st_size):
    total += path.stat().st_size
    if total <= LIMIT:
        weights.append(path.name)

setup(
    packages=[
        *find_packages(include=["sslzoo", "sslzoo.*"]),
        "sslzoo.zoo_configs",
        "sslzoo.weights",
    ],
    package_dir={"sslzoo.zoo_configs": "zoo_configs", "sslzoo.weights": "weights"},
    package_data={
        "sslzoo": ["templates/*"],
        "sslzoo.zoo_configs": ["*.yaml"],
        "sslzoo.weights": weights,
    },
    include_package_data=False,
)
