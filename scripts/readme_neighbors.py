"""Draw the picture of README's first example: python scripts/readme_neighbors.py

It runs the first block of Python in README as it stands, and keeps the picture that it writes.
"""

import contextlib
import re
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "images" / "neighbors.jpg"

readme = (ROOT / "README.md").read_text(encoding="utf-8")
example = re.search(r"^```python\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)[1]
with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    exec(compile(example, "README.md, first example", "exec"), {"__name__": "readme"})
    picture = Path("neighbors.jpg").read_bytes()
OUT.write_bytes(picture)
print(f"{OUT}: {OUT.stat().st_size / 1e3:.0f} kB")
