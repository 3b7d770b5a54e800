"""Words that every part of a plan uses."""


def minutes(seconds: float) -> str:
    """Such as `0`, `2.5`, `12`: tenths while they say something."""
    value = seconds / 60
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
