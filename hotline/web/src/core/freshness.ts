// May this picture be shown as live? Pure: evidence in, verdict out; no clock, no DOM, no requests.
//
// Three witnesses, because each fails alone:
//  1. the source: what the service says of the camera (live, stalled, offline, connecting);
//  2. the path: events come every half second; none for two seconds, and we know nothing any more;
//  3. the tile: which picture is really shown, and whether packets arrive at all.
// Any bad witness veils the picture. A hidden tab gets no frame callbacks, so there the third witness is heard
// on packets only.
//
// All renditions of a camera leave the relay on one RTP timeline, so the RTP time of the shown picture compares
// directly with the newest one announced.

import type { FeedState } from "./model.js";

/** No event for longer than this, milliseconds: the path is dead. */
export const PATH_LIMIT = 2000;
/** Connected and packets flowing, but no first picture for longer than this, milliseconds: the decoder stands. */
export const FIRST_PICTURE_LIMIT = 3000;
/** The source is live and there is still no connection after this, milliseconds. */
export const CONNECT_LIMIT = 5000;
/** How much longer than the source's own limit a shown picture may stand, milliseconds. */
const STILL_GRACE = 500;
/** An age beyond these, milliseconds, is no age but another timeline. */
const PLAUSIBLE = { youngest: -10_000, oldest: 3_600_000 } as const;

export type TileState = "live" | "connecting" | "stalled" | "path_dead" | "decoder_stuck" | "offline";

/** What exactly is wrong: the camera, the event stream, the connection, its packets, their delay, the decoder. */
export type Cause = "none" | "source" | "events" | "connection" | "packets" | "late" | "decoder";

export interface Evidence {
  /** Monotonic milliseconds, as are all times here. */
  readonly now: number;
  /** When this tile began to wait for a picture. */
  readonly startedAt: number;
  readonly hidden: boolean;
  /** When the page last became visible; `startedAt` if it always was. */
  readonly visibleSince: number;
  /** When the newest `feeds` event was sent; null before the first. */
  readonly eventAt: number | null;
  /** What that event said of this camera; null if nothing. */
  readonly feed: {
    readonly state: FeedState;
    readonly newestRtp: number | null;
    /** When the newest picture reached the service. */
    readonly newestAt: number | null;
    readonly limitMs: number;
  } | null;
  readonly connected: boolean;
  /** When the newest packet arrived, as known at `asOf`; null if never asked. */
  readonly packets: { readonly at: number | null; readonly asOf: number } | null;
  /** The picture on the screen; `rtp` null where the browser does not tell. */
  readonly frame: { readonly shownAt: number; readonly rtp: number | null } | null;
}

export interface Verdict {
  readonly state: TileState;
  readonly cause: Cause;
  /** When the last true picture was true (monotonic milliseconds); null if there was none. */
  readonly since: number | null;
}

/** Age of the shown picture against the newest announced, milliseconds; RTP times wrap at 2^32. */
export function rtpAge(newest: number, shown: number): number {
  return ((newest - shown) | 0) / 90;
}

export function judge(evidence: Evidence): Verdict {
  const { now, startedAt, eventAt, feed, frame, connected, hidden } = evidence;
  const limit = feed?.limitMs ?? 1000;
  const age = plausibleAge(evidence);
  const since = trueUntil(evidence, age);
  const verdict = (state: TileState, cause: Cause): Verdict => ({ state, cause, since });

  if (now - (eventAt ?? startedAt) > PATH_LIMIT) {
    // Pictures may still move behind the veil; that they are true was last known when the last event was sent.
    const known = since === null || eventAt === null ? since : Math.min(since, eventAt);
    return { state: "path_dead", cause: "events", since: known };
  }
  if (feed === null) {
    // The first event that names a new camera may be half a second away; its picture may be here already.
    const young = now - startedAt <= PATH_LIMIT;
    return young && frame !== null && now - frame.shownAt <= limit
      ? verdict("live", "none")
      : verdict("connecting", "source");
  }
  if (feed.state === "connecting") {
    // Said before the picture that is on the screen now was shown: the picture knows better.
    const overtaken = frame !== null && frame.shownAt > (eventAt ?? now) && now - frame.shownAt <= limit;
    return overtaken ? verdict("live", "none") : verdict("connecting", "source");
  }
  if (feed.state !== "live") return verdict(feed.state, "source");
  // The event says live, and names a picture too old to be that: the picture is the witness, not the word.
  if (feed.newestAt !== null && (eventAt ?? now) - feed.newestAt > limit + STILL_GRACE) {
    return verdict("stalled", "source");
  }

  const silent = silence(evidence);
  if (hidden) {
    if (silent !== null && silent > limit + STILL_GRACE) return verdict("path_dead", cut(connected));
    return frame !== null || (connected && silent !== null)
      ? verdict("live", "none")
      : verdict("connecting", "connection");
  }
  if (frame === null) return waiting(evidence, silent);

  const seenAt = Math.max(frame.shownAt, evidence.visibleSince);
  const still = now - seenAt > limit + STILL_GRACE;
  const late = age !== null && age > limit && now - evidence.visibleSince > limit;
  if (!still && !late) return verdict("live", "none");
  if (!still && now - frame.shownAt <= limit / 2) return verdict("path_dead", "late");
  if (!connected) return verdict("path_dead", "connection");
  return silent !== null && silent <= limit * 0.7
    ? verdict("decoder_stuck", "decoder")
    : verdict("path_dead", "packets");
}

/** Before the first picture, with the source live. */
function waiting(evidence: Evidence, silent: number | null): Verdict {
  const waited = evidence.now - evidence.startedAt;
  if (!evidence.connected && waited > CONNECT_LIMIT) {
    return { state: "path_dead", cause: "connection", since: null };
  }
  const flowing = evidence.connected && silent !== null && silent <= 1000;
  if (flowing && evidence.now - Math.max(evidence.startedAt, evidence.visibleSince) > FIRST_PICTURE_LIMIT) {
    return { state: "decoder_stuck", cause: "decoder", since: null };
  }
  if (evidence.connected && !flowing && waited > CONNECT_LIMIT) {
    return { state: "path_dead", cause: "packets", since: null };
  }
  return { state: "connecting", cause: "connection", since: null };
}

/** For how long no packet came, as known when last asked; null if never asked or none ever came. */
function silence({ packets }: Evidence): number | null {
  return packets === null || packets.at === null ? null : packets.asOf - packets.at;
}

function cut(connected: boolean): Cause {
  return connected ? "packets" : "connection";
}

function plausibleAge({ feed, frame }: Evidence): number | null {
  if (feed === null || feed.newestRtp === null || frame === null || frame.rtp === null) return null;
  const age = rtpAge(feed.newestRtp, frame.rtp);
  return age < PLAUSIBLE.youngest || age > PLAUSIBLE.oldest ? null : age;
}

/**
 * When what is on the screen was true. Not simply when it was shown: what the relay sends again after a loss is
 * shown anew and is as old as before.
 */
function trueUntil({ frame, feed }: Evidence, age: number | null): number | null {
  if (frame === null) return null;
  const newestAt = feed?.newestAt ?? null;
  if (age === null || newestAt === null) return frame.shownAt;
  return Math.min(frame.shownAt, newestAt - Math.max(age, 0));
}

/** What was done about a bad verdict so far. */
export interface Remedy {
  /** Connections begun anew since the tile was last live. */
  readonly count: number;
  /** When the last one was; null if none. */
  readonly at: number | null;
}

export const NO_REMEDY: Remedy = { count: 0, at: null };

/**
 * A connection that brings nothing, or whose decoder stands, is begun anew after `after` milliseconds of a bad
 * verdict, and again after `pause`, twice that, and so on up to `longest`: a tablet that is too slow for the
 * stream must not be kept busy with beginning it.
 */
const RESTART = { after: 1000, pause: 3000, longest: 24_000 } as const;

/** Whether the fault lies between relay and screen. While it does, it may look like one kind or another. */
export function isOnTheWay(verdict: Verdict): boolean {
  return verdict.cause === "packets" || verdict.cause === "decoder" || verdict.cause === "late";
}

/**
 * Whether to begin the connection anew. Only faults between relay and screen are mended by that; a camera that
 * is away, or an event stream that is dead, is not. `badSince`: when this verdict began.
 */
export function shouldRestart(verdict: Verdict, badSince: number, remedy: Remedy, now: number): boolean {
  if (verdict.cause !== "packets" && verdict.cause !== "decoder") return false;
  const pause = Math.min(RESTART.pause * 2 ** Math.max(0, remedy.count - 1), RESTART.longest);
  if (remedy.at !== null && now - remedy.at < pause) return false;
  return now - badSince >= RESTART.after;
}
