"""Student's quantile of every 95 % interval in the portal, of scores, payoffs and ratings alike."""

CONFIDENCE = 0.95


def student(freedom: float) -> float:
    """Return the quantile of Student's distribution for a two-sided 95 % interval; at least one degree of freedom."""
    from scipy.special import stdtrit  # Loaded when first needed: most pages compare nothing.

    return float(stdtrit(max(freedom, 1.0), 0.5 + CONFIDENCE / 2))
