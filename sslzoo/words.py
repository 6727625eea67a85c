"""Words for numbers, for the card and the faces above it."""


def duration(seconds):
    """Seconds as "1 h 12 min", "3 min 20 s", "12 s" or "1.2 s"."""
    if seconds < 59.5:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"
