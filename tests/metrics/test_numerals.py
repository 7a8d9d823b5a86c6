import pytest

from image_generating.metrics import numerals


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.125, 2, "0.12"),
        (-3.04, 1, "−3.0"),
        (-0.001, 2, "0.00"),
        (999_999.4, 0, "999999"),
        (1e6, 2, "1.00·10⁶"),
        (-1.0622443718006186e37, 2, "−1.06·10³⁷"),
        (float("inf"), 2, "cannot be computed"),
        (float("nan"), 2, "cannot be computed"),
    ],
)
def test_numbers_for_people(value, digits, text):
    assert numerals.fixed(value, digits) == text
