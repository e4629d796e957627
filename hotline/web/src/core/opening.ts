// When a stream that has just begun shows the picture of now. The relay begins with the pictures since the last
// keyframe, all at once and 1 ms apart in RTP time; the browser shows as many of them as it can while it decodes
// them. That is the past in fast motion: nobody shall see it. Pure.

import type { ShownFrame } from "./screen.js";

/** RTP ticks (90 kHz) between two pictures shown from which on they were taken one after the other: 12 ms. */
const APART = 1080;
/** No other picture for so long, milliseconds: the decoder has come to the end of what there was. */
export const SETTLED = 60;
/** Milliseconds after the first picture from which on even the past is better than nothing. */
const PATIENCE = 600;

export class Opening {
  #first: number | null = null;
  #last: number | null = null;

  /** Takes a picture that was shown; says whether it is of now. If it is not, ask again after `SETTLED`. */
  take(frame: ShownFrame): boolean {
    const before = this.#last;
    this.#first ??= frame.at;
    this.#last = frame.rtp;
    if (frame.rtp === null || frame.at - this.#first >= PATIENCE) return true;
    return before !== null && ((frame.rtp - before) | 0) >= APART;
  }
}
