"""`python -m sslzoo.report`, or `make docs`: write the generated pages of this checkout."""

from pathlib import Path

from sslzoo.report import documentation, readme_with_models


def pages(root: Path) -> dict[Path, str]:
    """{path: text} of README and of every generated page below `root`.

    >>> Path("docs/zoo.md") in pages(Path(__file__).parents[2])
    False
    """
    readme = root / "README.md"
    texts = {readme: readme_with_models(readme.read_text(encoding="utf-8"))}
    return texts | {root / "docs" / name: text for name, text in documentation().items()}


def update(root: Path) -> None:
    """Write what has changed, and delete pages of methods that are gone.

    >>> update(Path("nowhere"))
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'nowhere/README.md'
    """
    texts = pages(root)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"{path}: updated")
    for path in (root / "docs" / "methods").glob("*.md"):
        if path not in texts:
            path.unlink()
            print(f"{path}: deleted")


if __name__ == "__main__":
    update(Path.cwd())
