import { describe, expect, test } from "vitest";
import {
  CONNECT_LIMIT,
  type Evidence,
  FIRST_PICTURE_LIMIT,
  judge,
  NO_REMEDY,
  PATH_LIMIT,
  rtpAge,
  shouldRestart,
} from "../src/core/freshness.js";

const NOW = 1_000_000;
const LIMIT = 1000;

/** A tile that is live in every respect; each test breaks one thing. */
function evidence(change: Partial<Evidence> = {}): Evidence {
  return {
    now: NOW,
    startedAt: NOW - 60_000,
    hidden: false,
    visibleSince: NOW - 60_000,
    eventAt: NOW - 200,
    feed: { state: "live", newestRtp: 90_000, newestAt: NOW - 210, limitMs: LIMIT },
    connected: true,
    packets: { at: NOW - 50, asOf: NOW - 40 },
    frame: { shownAt: NOW - 60, rtp: 90_000 + 9_000 },
    ...change,
  };
}

const feed = (state: "live" | "stalled" | "offline" | "connecting", newestRtp: number | null = 90_000) => ({
  state,
  newestRtp,
  newestAt: NOW - 210,
  limitMs: LIMIT,
});

describe("all witnesses good", () => {
  test("is live", () => {
    expect(judge(evidence())).toMatchObject({ state: "live", cause: "none" });
  });

  test("a slow camera within its own limit is live", () => {
    const slow = evidence({
      feed: { state: "live", newestRtp: 90_000, newestAt: NOW - 210, limitMs: 3000 },
      frame: { shownAt: NOW - 1900, rtp: 90_000 },
    });
    expect(judge(slow).state).toBe("live");
  });

  test("without RTP times the time it was shown decides", () => {
    expect(judge(evidence({ frame: { shownAt: NOW - 900, rtp: null } })).state).toBe("live");
    expect(judge(evidence({ frame: { shownAt: NOW - 1600, rtp: null } })).state).not.toBe("live");
  });
});

describe("first witness: the source", () => {
  test.each(["stalled", "offline"] as const)("%s is said as it is, whatever the frames do", (state) => {
    expect(judge(evidence({ feed: feed(state) }))).toMatchObject({ state, cause: "source" });
  });

  test("a feed that is said to be live with an old newest picture is stalled", () => {
    const old = (age: number) =>
      judge(
        evidence({ feed: { state: "live", newestRtp: 90_000, newestAt: NOW - 200 - age, limitMs: LIMIT } }),
      );
    expect(old(20_000)).toMatchObject({ state: "stalled", cause: "source" });
    expect(old(1600)).toMatchObject({ state: "stalled", cause: "source" });
    // Between two looks of the service at its own limit, and of a slow camera.
    expect(old(1400).state).toBe("live");
    expect(
      judge(evidence({ feed: { state: "live", newestRtp: 90_000, newestAt: NOW - 2400, limitMs: 3000 } }))
        .state,
    ).toBe("live");
  });

  test("an old newest picture veils a hidden tile too", () => {
    const old = { state: "live", newestRtp: 90_000, newestAt: NOW - 20_000, limitMs: LIMIT } as const;
    expect(judge(evidence({ hidden: true, feed: old })).state).toBe("stalled");
  });

  test("connecting veils", () => {
    expect(
      judge(evidence({ feed: feed("connecting"), frame: { shownAt: NOW - 400, rtp: 1 } })),
    ).toMatchObject({
      state: "connecting",
      cause: "source",
    });
  });

  test("a picture shown after `connecting` was said knows better", () => {
    const overtaken = evidence({
      feed: feed("connecting", null),
      eventAt: NOW - 300,
      frame: { shownAt: NOW - 50, rtp: 7 },
    });
    expect(judge(overtaken).state).toBe("live");
  });

  test("a camera no event names yet is live by its pictures, but not for long", () => {
    const named = { feed: null, startedAt: NOW - 500 };
    expect(judge(evidence(named)).state).toBe("live");
    expect(judge(evidence({ ...named, startedAt: NOW - PATH_LIMIT - 1 })).state).toBe("connecting");
  });
});

describe("second witness: the event stream", () => {
  test("silent for more than two seconds is a dead path, though frames move", () => {
    expect(judge(evidence({ eventAt: NOW - PATH_LIMIT })).state).toBe("live");
    expect(judge(evidence({ eventAt: NOW - PATH_LIMIT - 1 }))).toMatchObject({
      state: "path_dead",
      cause: "events",
    });
  });

  test("also in a hidden tab: events come there too", () => {
    expect(judge(evidence({ hidden: true, eventAt: NOW - 2500 })).state).toBe("path_dead");
  });

  test("also while the camera is stalled: what was said of it is no longer known", () => {
    expect(judge(evidence({ feed: feed("stalled"), eventAt: NOW - 2500 }))).toMatchObject({
      state: "path_dead",
      cause: "events",
    });
  });

  test("before the first event there is the same patience", () => {
    const young = { eventAt: null, feed: null, frame: null };
    expect(judge(evidence({ ...young, startedAt: NOW - 1000 })).state).toBe("connecting");
    expect(judge(evidence({ ...young, startedAt: NOW - 2001 })).state).toBe("path_dead");
  });
});

describe("third witness: the picture on the screen", () => {
  const old = { frame: { shownAt: NOW - 1400, rtp: 90_000 }, feed: feed("live", 90_000 + 90 * 1200) };

  test("older than the limit and no packets: the network", () => {
    const cut = evidence({ ...old, packets: { at: NOW - 1400, asOf: NOW - 100 } });
    expect(judge(cut)).toMatchObject({ state: "path_dead", cause: "packets" });
  });

  test("older than the limit while packets flow: the decoder", () => {
    expect(judge(evidence(old))).toMatchObject({ state: "decoder_stuck", cause: "decoder" });
  });

  test("older than the limit and not connected: the connection", () => {
    expect(judge(evidence({ ...old, connected: false }))).toMatchObject({
      state: "path_dead",
      cause: "connection",
    });
  });

  test("packets never counted are no proof of a decoder that stands", () => {
    expect(judge(evidence({ ...old, packets: null }))).toMatchObject({
      state: "path_dead",
      cause: "packets",
    });
  });

  test("moving, but behind by more than the limit: late", () => {
    const late = evidence({
      frame: { shownAt: NOW - 40, rtp: 90_000 },
      feed: feed("live", 90_000 + 90 * 1500),
    });
    expect(judge(late)).toMatchObject({ state: "path_dead", cause: "late", since: NOW - 210 - 1500 });
  });

  test("standing still is seen even when the announced time stands too", () => {
    const both = evidence({ frame: { shownAt: NOW - 1600, rtp: 90_000 }, feed: feed("live", 90_000) });
    expect(judge(both).state).toBe("decoder_stuck");
  });

  test("is veiled at the latest one second after the limit", () => {
    // The source goes on; the screen froze at 0. Events every half second, each at most that old.
    for (let since = 0; since <= 4000; since += 50) {
      const eventAt = NOW + Math.floor(since / 500) * 500;
      const frozen = evidence({
        now: NOW + since,
        eventAt,
        packets: { at: NOW, asOf: NOW + since },
        feed: { ...feed("live", 90_000 + 90 * (eventAt - NOW)), newestAt: eventAt - 10 },
        frame: { shownAt: NOW, rtp: 90_000 },
      });
      const { state } = judge(frozen);
      if (since <= LIMIT) expect(state, `${String(since)} ms`).toBe("live");
      if (since >= LIMIT + 1000) expect(state, `${String(since)} ms`).toBe("path_dead");
    }
  });

  test("an age from another timeline is no age", () => {
    const relayStartedAnew = evidence({ frame: { shownAt: NOW - 60, rtp: 3_000_000_000 } });
    expect(judge(relayStartedAnew).state).toBe("live");
  });
});

describe("hidden tab", () => {
  const unseen = { hidden: true, frame: { shownAt: NOW - 30_000, rtp: 1 } };

  test("no frame callbacks alone do not veil", () => {
    expect(judge(evidence(unseen)).state).toBe("live");
  });

  test("a tab that was never looked at is live by its packets", () => {
    expect(judge(evidence({ hidden: true, frame: null })).state).toBe("live");
  });

  test("no packets do veil", () => {
    const cut = evidence({ ...unseen, packets: { at: NOW - 5000, asOf: NOW - 100 } });
    expect(judge(cut)).toMatchObject({ state: "path_dead", cause: "packets" });
  });

  test("timers slowed down by the browser are no silence", () => {
    const slowed = evidence({ ...unseen, packets: { at: NOW - 30_000, asOf: NOW - 29_900 } });
    expect(judge(slowed).state).toBe("live");
  });

  test("looked at again, a picture has its limit to come", () => {
    const back = { hidden: false, frame: { shownAt: NOW - 30_000, rtp: 1 }, feed: feed("live", 90 * 30_000) };
    expect(judge(evidence({ ...back, visibleSince: NOW - 800 })).state).toBe("live");
    expect(judge(evidence({ ...back, visibleSince: NOW - 1600 })).state).toBe("decoder_stuck");
  });
});

describe("before the first picture", () => {
  const fresh = { frame: null, startedAt: NOW - 100, visibleSince: NOW - 100 };

  test("is connecting", () => {
    expect(judge(evidence(fresh))).toEqual({ state: "connecting", cause: "connection", since: null });
  });

  test("packets without a picture: the decoder", () => {
    const waited = NOW - FIRST_PICTURE_LIMIT - 1;
    expect(judge(evidence({ frame: null, startedAt: waited, visibleSince: waited })).state).toBe(
      "decoder_stuck",
    );
  });

  test("no connection for long, though the camera is live: the path", () => {
    const waited = { frame: null, connected: false, packets: null, startedAt: NOW - CONNECT_LIMIT - 1 };
    expect(judge(evidence(waited))).toMatchObject({ state: "path_dead", cause: "connection" });
  });

  test("connected, but never a packet: the path", () => {
    const waited = { frame: null, packets: { at: null, asOf: NOW }, startedAt: NOW - CONNECT_LIMIT - 1 };
    expect(judge(evidence(waited))).toMatchObject({ state: "path_dead", cause: "packets" });
  });
});

describe("since", () => {
  test("is when the last picture was shown", () => {
    expect(judge(evidence({ feed: feed("offline"), frame: { shownAt: NOW - 4000, rtp: null } })).since).toBe(
      NOW - 4000,
    );
  });

  test("is never later than the picture was true", () => {
    const late = evidence({
      feed: feed("live", 90_000 + 90 * 3000),
      frame: { shownAt: NOW - 10, rtp: 90_000 },
    });
    expect(judge(late).since).toBe(NOW - 210 - 3000);
  });

  test("is not made younger by old pictures that are shown again", () => {
    // A stalled camera; the browser asked for a key frame and was sent the newest pictures once more.
    const again = evidence({
      feed: { state: "stalled", newestRtp: 90_000, newestAt: NOW - 8000, limitMs: LIMIT },
      frame: { shownAt: NOW - 100, rtp: 90_000 },
    });
    expect(judge(again)).toEqual({ state: "stalled", cause: "source", since: NOW - 8000 });
  });

  test("is no later than the last event when those stopped, though pictures move on", () => {
    expect(judge(evidence({ eventAt: NOW - 7000, frame: { shownAt: NOW - 40, rtp: null } })).since).toBe(
      NOW - 7000,
    );
  });

  test("is null when there never was one", () => {
    expect(judge(evidence({ frame: null, feed: feed("offline") })).since).toBeNull();
  });
});

describe("RTP time", () => {
  test.each([
    [90_000, 0, 1000],
    [0, 90_000, -1000],
    [45_000, 2 ** 32 - 45_000, 1000], // across the wrap
    [2 ** 32 - 45_000, 45_000, -1000],
  ])("newest %d against shown %d is %d ms", (newest, shown, age) => {
    expect(rtpAge(newest, shown)).toBe(age);
  });
});

describe("beginning anew", () => {
  const packets = { state: "path_dead", cause: "packets", since: null } as const;
  const decoder = { state: "decoder_stuck", cause: "decoder", since: null } as const;

  test("only for faults that it mends", () => {
    expect(shouldRestart(packets, NOW - 1000, NO_REMEDY, NOW)).toBe(true);
    expect(shouldRestart(decoder, NOW - 1000, NO_REMEDY, NOW)).toBe(true);
    for (const cause of ["none", "source", "events", "connection", "late"] as const) {
      const other = { state: "stalled", cause, since: null } as const;
      expect(shouldRestart(other, NOW - 60_000, NO_REMEDY, NOW)).toBe(false);
    }
  });

  test("not for a moment's fault", () => {
    expect(shouldRestart(decoder, NOW - 900, NO_REMEDY, NOW)).toBe(false);
  });

  test("less and less often, but never not at all", () => {
    const badSince = NOW - 3_600_000;
    for (const [count, pause] of [
      [1, 3000],
      [2, 6000],
      [3, 12_000],
      [4, 24_000],
      [50, 24_000],
    ] as const) {
      expect(shouldRestart(packets, badSince, { count, at: NOW - pause + 1 }, NOW)).toBe(false);
      expect(shouldRestart(packets, badSince, { count, at: NOW - pause }, NOW)).toBe(true);
    }
  });
});
