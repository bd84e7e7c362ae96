"""Default rate limits and quotas, and the syntax to change them.

`portal.server.throttling` (rate limits) and `portal.people.quotas` (quotas) define what each number counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from limits import RateLimitItem, parse

USUAL_LIMITS = {
    "sign-in": "30/10minute",
    "sign-up": "10/hour",
    "mail": "10/hour",
    "tokens": "20/hour",
    "uploads": "60/hour",
    "starts": "60/hour",
    "changes": "120/minute",
    "files": "60/minute",
}
"""Default rate limits for each user and each IP address."""
USUAL_QUOTAS = {
    "tournaments": 20,
    "episodes": 500_000,
    "trainings": 10,
    "psro": 5,
    "studies": 3,
    "attacks": 5,
    "schedules": 20,
    "tokens": 50,
}
"""Default quotas for each user."""


def read_limits(text: str) -> dict[str, RateLimitItem]:
    """Return the default limits, overridden by those in `text`, such as ``sign-up=30/hour,starts=200/day``.

    ``off`` means no limits. Raises ValueError, which says what is allowed.
    """
    try:
        return {name: parse(rate) for name, rate in replace(USUAL_LIMITS, text).items()}
    except (KeyError, ValueError):
        raise ValueError(
            "limits with commas, such as sign-up=30/hour,starts=200/day, or off; "
            f"their names are {', '.join(USUAL_LIMITS)}"
        ) from None


def read_quotas(text: str) -> dict[str, int]:
    """Return the default quotas, overridden by those in `text`, such as ``tournaments=5,episodes=100000``.

    ``off`` means no quotas. Raises ValueError, which says what is allowed.
    """
    try:
        found = {name: int(number) for name, number in replace(USUAL_QUOTAS, text).items()}
        if min(found.values(), default=0) >= 0:
            return found
    except (KeyError, ValueError):
        pass
    raise ValueError(
        f"quotas with commas, such as tournaments=5,episodes=100000, or off; their names are {', '.join(USUAL_QUOTAS)}"
    )


def replace(usual: Mapping[str, str | int], text: str) -> dict[str, str]:
    """Return the usual values, overridden by those in a text; empty for ``off``.

    Raises KeyError for an unknown name.
    """
    if text.strip() == "off":
        return {}
    found = {name: str(value) for name, value in usual.items()}
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, value = part.partition("=")
        if name not in found:
            raise KeyError(name)
        found[name] = value
    return found
