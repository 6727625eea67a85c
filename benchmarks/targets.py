"""What a suite is judged by."""


def target(what, value, limit, most=False):
    """{"what", "value", "target", "met"}: at least the limit, or at most."""
    value = float(value)
    return {
        "what": what,
        "value": value,
        "target": limit,
        "met": value <= limit if most else value >= limit,
    }
