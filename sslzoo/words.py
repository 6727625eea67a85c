"""Words for numbers, for the card and the faces above it."""


def duration(seconds: float) -> str:
    """Seconds as "1 h 12 min", "3 min 20 s", "12 s" or "1.2 s".

    >>> duration(4320), duration(200), duration(1.23)
    ('1 h 12 min', '3 min 20 s', '1.2 s')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def speed_text(speed: dict) -> str:
    """A measured speed as one line.

    >>> machine = {"device": "AMD EPYC", "cores": 2, "load": 0.5, "backend": "jax"}
    >>> given = {"verb": "encode", "items": "images", "shape": [8, 8, 3], "batch_size": 256}
    >>> speed_text(given | machine | {"per_second": 1234.5, "measured": "2026-11-27"})
    'encode: 1,234 images of 8 x 8 x 3 a second in batches of 256, on 2 cores of AMD EPYC (jax, \
load 0.5, 2026-11-27)'
    """
    shape = " x ".join(map(str, speed["shape"]))
    return (
        f"{speed['verb']}: {speed['per_second']:,.0f} {speed['items']} of {shape} a second in "
        f"batches of {speed['batch_size']}, on {speed['cores']} cores of {speed['device']} "
        f"({speed['backend']}, load {speed['load']:g}, {speed['measured']})"
    )
