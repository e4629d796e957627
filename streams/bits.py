"""Bits of a coded header, one syntax element after another, as the video standards write them (H.264 §7.2,
H.265 §7.2). Pure.
"""

from __future__ import annotations

from streams.errors import ProtocolError


class Bits:
    """Big-endian bit reader over an RBSP; raises `ProtocolError` at the end."""

    __slots__ = ("_left", "_value")

    def __init__(self, rbsp: bytes) -> None:
        self._value = int.from_bytes(rbsp, "big")
        self._left = len(rbsp) * 8

    def u(self, count: int) -> int:
        """`count` bits as an unsigned number."""
        if count > self._left:
            raise ProtocolError("a coded header ends early")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def ue(self) -> int:
        """An unsigned Exp-Golomb code (H.264 §9.1)."""
        zeros = 0
        while self.u(1) == 0:
            zeros += 1
            if zeros > 32:
                raise ProtocolError("Exp-Golomb code of more than 32 bits")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """A signed Exp-Golomb code (H.264 §9.1.1)."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)
