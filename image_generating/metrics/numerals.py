"""How numbers are written for people."""

import math

# From here on digits of a decimal number cannot be told apart; distances of usual features stay below.
_HUGE = 1e6
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def fixed(value: float, digits: int) -> str:
    """A number with `digits` digits after the point, a real minus sign, and no minus before zero.

    Huge ones are written as 1.06·10³⁷, and what is no number as “cannot be computed”.
    """
    if not math.isfinite(value):
        return "cannot be computed"
    if abs(value) >= _HUGE:
        mantissa, exponent = f"{value:.2e}".split("e")
        text = f"{mantissa}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    else:
        text = f"{value:.{digits}f}"
        if not float(text):
            text = text.lstrip("-")
    return text.replace("-", "−")
