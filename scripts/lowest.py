"""Prints the lowest versions that pyproject.toml allows, one requirement a line, for `pip install`.

`python scripts/lowest.py [EXTRA ...]` adds those of extras.
"""

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest(extras: list[str]) -> list[str]:
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    requirements = list(project["dependencies"])
    for extra in extras:
        requirements += project["optional-dependencies"][extra]
    pins = []
    for requirement in requirements:
        package, marker = (*requirement.split(";"), "")[:2]
        pin = re.sub(r">=([\w.]+)[^;]*", r"==\1", package).strip()
        pins.append(f"{pin} ; {marker.strip()}" if marker else pin)
    return pins


if __name__ == "__main__":
    print("\n".join(lowest(sys.argv[1:])))
