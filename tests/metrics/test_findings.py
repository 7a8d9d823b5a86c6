import numpy as np
import pytest

from image_generating.metrics import findings
from image_generating.metrics.estimate import Estimate, Incomputable, share

REAL = {
    "kid": Estimate(0.0, -0.002, 0.003),
    "auc": Estimate(0.5, 0.4, 0.6),
    "precision": Estimate(0.85),
    "fine_db": Estimate(0.0, -0.3, 0.3),
    "grid_db": Estimate(0.2),
    "ms_ssim": Estimate(0.4, 0.39, 0.41),
    "recall": Estimate(0.8),
    "coverage": Estimate(0.97),
    "near_copies": Estimate(0.02),
    "copying": Estimate(0.0, -1.5, 1.5),
    "authenticity": Estimate(0.8),
}


def test_real_images_have_no_fault():
    assert findings.find(REAL, REAL) == []


@pytest.mark.parametrize(
    ("key", "number", "flag", "words"),
    [
        (
            "kid",
            Estimate(0.3, 0.28, 0.32),
            "unrealistic",
            "KID, is 300.0·10⁻³; for real images it stays below 3.0",
        ),
        ("auc", Estimate(0.95), "unrealistic", "AUC 0.95"),
        ("precision", Estimate(0.4), "unrealistic", "40% of the images"),
        ("fine_db", Estimate(-3.0), "blurred", "3.0 dB weaker"),
        ("fine_db", Estimate(3.0), "noisy", "3.0 dB stronger"),
        ("grid_db", Estimate(9.0), "grid", "9.0 dB above"),
        ("ms_ssim", Estimate(0.6), "repetitive", "alike by 0.60"),
        ("recall", Estimate(0.3), "incomplete", "30% of real images"),
        ("coverage", Estimate(0.3), "incomplete", "30% of real images"),
        ("near_copies", Estimate(0.1), "copied", "10.0% of the images are near copies"),
        ("copying", Estimate(-4.0), "copied", "C_T −4.0"),
        ("authenticity", Estimate(0.1, 0.05, 0.2), "copied", "10% of the images"),
    ],
)
def test_each_fault_is_named_with_its_evidence(key, number, flag, words):
    [finding] = findings.find(REAL | {key: number}, REAL)

    assert (finding.flag, finding.metric) == (flag, key)
    assert words in finding.evidence


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("kid", Estimate(0.004, 0.001, 0.008)),
        ("auc", Estimate(0.7)),
        ("fine_db", Estimate(-1.2)),
        ("authenticity", Estimate(0.0, 0.0, 0.8)),
    ],
)
def test_what_chance_may_do_is_no_fault(key, number):
    assert findings.find(REAL | {key: number}, REAL) == []


def test_missing_numbers_show_nothing():
    missing = {key: Incomputable("too few") for key in REAL}

    assert findings.find(missing, REAL) == []
    assert findings.find(REAL, missing) == []


def test_the_range_of_a_share():
    none, half = share(np.zeros(10, bool)), share(np.arange(100) < 50)

    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(1.96**2 / (10 + 1.96**2))
    assert (half.value, half.low, half.high) == pytest.approx((0.5, 0.404, 0.596), abs=1e-3)
