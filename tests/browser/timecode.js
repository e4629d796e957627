// Reads the time code of the simulated city out of a picture (streams/simulator/timecode.py draws it):
// 64 cells in the bottom row, 8 of synchronisation, 40 of Unix milliseconds, 16 of CRC-16/CCITT-FALSE.
"use strict";

// luma: rows of the time code's strip, one byte a pixel. Gives Unix milliseconds, or null where none can be read.
function readTimecode(luma, width, height, stride) {
  const row = (height >> 1) * stride;
  const cells = new Float64Array(64);
  for (let cell = 0; cell < 64; cell++) {
    const middle = Math.floor(((cell + 0.5) * width) / 64);
    cells[cell] = (luma[row + middle - 1] + luma[row + middle] + luma[row + middle + 1]) / 3;
  }
  let low = 255;
  let high = 0;
  for (const value of cells) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (high - low < 60) return null;
  const middle = (low + high) / 2;
  const bytes = new Uint8Array(8);
  for (let cell = 0; cell < 64; cell++) bytes[cell >> 3] = (bytes[cell >> 3] << 1) | (cells[cell] > middle ? 1 : 0);
  if (bytes[0] !== 0b10101100) return null;
  let crc = 0xffff;
  let value = 0;
  for (const byte of bytes.subarray(1, 6)) {
    value = value * 256 + byte;
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  if (crc !== ((bytes[6] << 8) | bytes[7])) return null;
  const span = 2 ** 40;
  return value + Math.round((Date.now() - value) / span) * span;
}

globalThis.readTimecode = readTimecode;
