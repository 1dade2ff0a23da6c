"""The quantiles by which 95 % intervals are as wide as they are."""

CONFIDENCE = 0.95
Z_95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""


def student_quantile(freedom: int) -> float:
    """The 97.5 % quantile of Student's distribution.

    Args:
        freedom: Degrees of freedom, from 1.
    """
    from scipy.stats import t as student

    return float(student.ppf((1 + CONFIDENCE) / 2, freedom))
