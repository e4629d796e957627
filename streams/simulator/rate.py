"""Which quantizer a group of pictures gets, so that the bit rate comes near the one ordered. Pure.

Belongs here: the decision. x264's own rate control looks at every picture twice and costs as much as all the
rest; with a fixed quantizer for each group of pictures a simulated camera takes half the time.
"""

from __future__ import annotations

import math

FIRST_QP = 29
MIN_QP, MAX_QP = 17, 46
# Within this much of the ordered rate nothing is changed: each change costs a new encoder.
_TOLERANCE = 0.15


def next_qp(qp: int, bits: int, seconds: float, bit_rate: int) -> int:
    """The quantizer for the next group of pictures, after one with `qp` took `bits` in `seconds`."""
    if seconds <= 0 or bits <= 0:
        return qp
    excess = bits / seconds / bit_rate
    if abs(excess - 1) <= _TOLERANCE:
        return qp
    # Six steps double the quantizer's width (ITU-T H.264 §8.5.9), which about halves the bits.
    step = 6 * math.log2(excess)
    change = math.copysign(max(1, round(abs(step) * 0.8)), step)
    return min(max(qp + int(change), MIN_QP), MAX_QP)
