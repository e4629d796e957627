"""Which quantizer a group of pictures gets, so that the bit rate comes near the one ordered. Pure.

Belongs here: the decision. x264's own rate control looks at every picture twice and costs as much as all the
rest; with a fixed quantizer for each group of pictures a simulated camera takes half the time.
"""

from __future__ import annotations

import math

FIRST_QP = 29
MIN_QP, MAX_QP = 21, 46
# Within this much of the ordered rate nothing is changed: each change costs a new encoder.
_TOLERANCE = 0.25


def next_qp(qp: int, bits: int, seconds: float, bit_rate: int) -> int:
    """The quantizer for the next group of pictures, after one with `qp` took `bits` in `seconds`."""
    if seconds <= 0 or bits <= 0:
        return qp
    excess = min(bits / seconds / bit_rate, 1e6)
    if abs(excess - 1) <= _TOLERANCE:
        return qp
    # Six steps double the quantizer's width (ITU-T H.264 §8.5.9), which about halves the bits, or more: grain
    # vanishes all at once. Hence half the step; quick when it is too much, with care when it is too little.
    step = 3 * math.log2(max(excess, 1e-6))
    change = min(max(round(step), 1), 8) if step > 0 else max(min(round(step), -1), -3)
    return min(max(qp + change, MIN_QP), MAX_QP)
