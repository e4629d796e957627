// A verdict in words. Pure.

import { countdown } from "../core/duration.js";
import type { Verdict } from "../core/freshness.js";
import type { Texts } from "../text/ko.js";

/** What is true of the picture, in a word or two. */
export function stateText(verdict: Verdict, texts: Texts): string {
  switch (verdict.state) {
    case "live":
      return texts.stateLive;
    case "connecting":
      return texts.stateConnecting;
    case "stalled":
      return texts.stateStalled;
    case "path_dead":
      return texts.statePathDead;
    case "decoder_stuck":
      return texts.stateDecoderStuck;
    case "offline":
      return texts.stateOffline;
  }
}

/** A duration as people say it in passing. `ms`: milliseconds. */
export function durationText(ms: number, texts: Texts): string {
  return ms < 59_500 ? texts.seconds(Math.round(ms / 1000)) : countdown(ms);
}
