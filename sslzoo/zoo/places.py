"""Where weights lie on this machine. It needs neither NumPy nor pydantic: lists are quick."""

from pathlib import Path

from sslzoo.files import cache_home

SUFFIX = ".weights.h5"


def cached_name(file: str, sha256: str) -> str:
    """The name of a weights file in the cache.

    Example:
        >>> cached_name("a.weights.h5", "0123456789abcdef")
        'a-0123456789ab.weights.h5'
    """
    return f"{file.removesuffix(SUFFIX)}-{sha256[:12]}{SUFFIX}"


def weights_folder(config: Path) -> Path:
    """Where the weights of a config lie: `weights/` beside a folder named zoo_configs, else beside
    the config.

    Example:
        >>> weights_folder(Path("/zoo/zoo_configs/a.yaml")).as_posix()
        '/zoo/weights'
    """
    folder = config.absolute().parent  # a run has its weights beside its config
    return folder.parent / "weights" if folder.name == "zoo_configs" else folder


def is_at_hand(config: dict, path: Path) -> bool:
    """Whether the weights of an entry are on this machine. Their content is not compared.

    Args:
        config: the keys of its YAML file. path: of that file.

    Example:
        >>> is_at_hand({"record": None}, Path("zoo_configs/mine.yaml"))
        False
    """
    cache = Path(cache_home()) / "weights"
    if not config.get("record"):
        name = path.name.removesuffix(".yaml")
        imported = cache / "imported" / f"{name}{SUFFIX}"
        return bool(config.get("checkpoint")) and imported.is_file()
    weights = config["record"]["weights"]
    file, size = weights["file"], weights["bytes"]
    places = (cache / cached_name(file, weights["sha256"]), weights_folder(path) / file)
    return any(place.is_file() and place.stat().st_size == size for place in places)
