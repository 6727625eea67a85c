"""`python scripts/slowest.py FILE.xml ...`: where the time of test runs went, by their JUnit files.

The slowest tests, and the seconds of each folder.
"""

import collections
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TESTS, FOLDERS = 20, 30


def main(paths: list[str]) -> None:
    sums = []  # last, as the end of a log is what one reads
    for path in filter(Path.exists, map(Path, paths)):
        cases = [
            (float(case.get("time")), f"{case.get('classname')}::{case.get('name')}")
            for case in ElementTree.parse(path).iter("testcase")
        ]
        for seconds, name in sorted(cases, reverse=True)[:TESTS]:
            print(f"{path.stem} {seconds:8.1f} s  {name[:110]}")
        folders = collections.Counter()
        for seconds, name in cases:
            folders[".".join(name.split(".")[1:3])] += seconds
        parts = [f"{folder} {seconds:.0f}" for folder, seconds in folders.most_common(FOLDERS)]
        whole = f"{path.stem}: {len(cases)} tests, {sum(folders.values()):.0f} s of all workers"
        sums.append(f"{whole}: {', '.join(parts)}")
    print(*sums, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
