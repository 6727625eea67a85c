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
