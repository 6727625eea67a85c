"""`python scripts/slowest.py FILE.xml ...`: where the time of test runs went, by their JUnit files.

Seconds of each folder, and the slowest tests.
"""

import collections
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TESTS, FOLDERS = 25, 15


def main(paths: list[str]) -> None:
    for path in filter(Path.exists, map(Path, paths)):
        cases = [
            (float(case.get("time")), f"{case.get('classname')}::{case.get('name')}")
            for case in ElementTree.parse(path).iter("testcase")
        ]
        folders = collections.Counter()
        for seconds, name in cases:
            folders[".".join(name.split(".")[1:3])] += seconds
        print(f"{path.stem}: {len(cases)} tests, {sum(folders.values()):.0f} s of all workers")
        for folder, seconds in folders.most_common(FOLDERS):
            print(f"{seconds:8.0f} s  {folder}")
        for seconds, name in sorted(cases, reverse=True)[:TESTS]:
            print(f"{seconds:8.1f} s  {name[:110]}")


if __name__ == "__main__":
    main(sys.argv[1:])
