"""The small methods of tests/methods/six_kinds.py can be imported by their name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "methods"))
