"""Execute the notebooks in place, outputs kept: python scripts/run_notebooks.py [FILE ...]
(default: all).
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent.parent / "notebooks"

for path in map(Path, sys.argv[1:] or sorted(HERE.glob("*.ipynb"))):
    notebook, start = nbformat.read(path, 4), time.monotonic()
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": HERE}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran is not worth a diff
        if "outputs" in cell:  # TensorFlow's log is no output
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    nbformat.write(notebook, path)
    print(f"{path.name}: {time.monotonic() - start:.0f} s")
