"""What a long run found, kept as JSON: a suite that is stopped goes on with the run that it was
in.
"""

import json

from sslzoo.files import replace_file


def kept(path, settings, make, *arguments):
    """What `make(*arguments)` found with these settings (plain JSON), which `path` keeps.

    Raises ValueError where the file was made with other settings: a config has changed since.
    """
    settings = json.loads(json.dumps(settings))
    if path.exists():
        saved = json.loads(path.read_text())
        if saved["settings"] != settings:
            raise ValueError(
                f"{path}: was made with other settings than those of now; remove it or use "
                "another --runs."
            )
        return saved["found"]
    found = make(*arguments)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, json.dumps({"settings": settings, "found": found}, indent=1).encode())
    return found
