import { describe, expect, test } from "vitest";
import type { Feed, Incident, Share } from "../src/core/model.js";
import { apply, EMPTY, snapshotOf, type World } from "../src/core/world.js";

function share(id: string, change: Partial<Share> = {}): Share {
  return {
    id,
    state: "running",
    incident: {
      id: "i1",
      number: "20261124-0001",
      kind: { code: "fire", ko: "화재", en: "Fire" },
      latitude: 37.629,
      longitude: 126.714,
      address: null,
    },
    cameras: [],
    units: [],
    purpose: { code: "dispatch", ko: "출동", en: "Dispatch" },
    legal_basis: { code: "119-act-11-2-1", ko: "요청", en: "Request", article: "제11조" },
    opened_by: null,
    opened_at: "2026-11-24T06:00:00Z",
    ends_at: "2026-11-24T07:00:00Z",
    ended_at: null,
    end_reason: null,
    ...change,
  };
}

function reading(camera: string, at: string): unknown {
  return { camera, at };
}

const incident: Incident = {
  ...share("x").incident,
  summary: null,
  reported_at: "2026-11-24T05:59:00Z",
  closed_at: null,
};
const live: Feed = {
  state: "live",
  since: "2026-11-24T06:00:00Z",
  reason: null,
  next_attempt_at: null,
  newest_rtp: 1,
  newest_at: null,
  limit_ms: 1000,
  picture: [],
};

function event(type: string, data: unknown): { type: string; data: string; id: string } {
  return { type, data: JSON.stringify(data), id: "" };
}

function after(...events: ReturnType<typeof event>[]): World {
  return events.reduce((world, each) => apply(world, each).world, EMPTY);
}

const SNAPSHOT = event("snapshot", {
  server_time: "2026-11-24T06:00:00.500Z",
  shares: [share("b", { opened_at: "2026-11-24T06:01:00Z" }), share("a")],
  incidents: [incident],
});

describe("world", () => {
  test("a snapshot says everything, oldest share first, and the time", () => {
    const { world, serverTime } = apply(after(event("share", { share: share("gone") })), SNAPSHOT);
    expect([...world.shares.keys()]).toEqual(["a", "b"]);
    expect([...world.incidents.keys()]).toEqual(["i1"]);
    expect(world.known).toBe(true);
    expect(serverTime).toBe(Date.UTC(2026, 10, 24, 6, 0, 0, 500));
  });

  test.each(["ended", "expired"] as const)("a share that is %s is gone", (state) => {
    const world = after(SNAPSHOT, event("share", { share: share("a", { state }) }));
    expect([...world.shares.keys()]).toEqual(["b"]);
  });

  test("a new share comes last, an extended one stays where it was", () => {
    const extended = share("a", { ends_at: "2026-11-24T08:00:00Z" });
    const world = after(SNAPSHOT, event("share", { share: share("c") }), event("share", { share: extended }));
    expect([...world.shares.keys()]).toEqual(["a", "b", "c"]);
    expect(world.shares.get("a")?.ends_at).toBe("2026-11-24T08:00:00Z");
  });

  test("incidents come and are closed", () => {
    const other = { ...incident, id: "i2" };
    expect([...after(SNAPSHOT, event("incident", { incident: other })).incidents.keys()]).toEqual([
      "i1",
      "i2",
    ]);
    const closed = { ...incident, closed_at: "2026-11-24T06:30:00Z" };
    expect(after(SNAPSHOT, event("incident", { incident: closed })).incidents.size).toBe(0);
  });

  test("feeds replace feeds, and leave the rest", () => {
    const before = after(
      SNAPSHOT,
      event("feeds", { now: "2026-11-24T06:00:01Z", feeds: { c1: live, c2: live } }),
    );
    const { world, serverTime } = apply(
      before,
      event("feeds", { now: "2026-11-24T06:00:01.5Z", feeds: { c2: live } }),
    );
    expect([...world.feeds.keys()]).toEqual(["c2"]);
    expect(world.shares).toBe(before.shares);
    expect(serverTime).toBe(Date.UTC(2026, 10, 24, 6, 0, 1, 500));
  });

  test("readings replace a camera's, and a sweep its own last word", () => {
    const sweep = { id: "s", total: 2, done: 1 };
    const world = after(
      SNAPSHOT,
      event("readiness", { sweep, reading: reading("c1", "1") }),
      event("readiness", { sweep: null, reading: reading("c2", "2") }),
      event("readiness", { sweep: { ...sweep, done: 2 }, reading: reading("c1", "3") }),
      event("readiness", { sweep: null, reading: null }),
    );
    expect([...world.readings.values()].map(({ camera, at }) => [camera, at])).toEqual([
      ["c1", "3"],
      ["c2", "2"],
    ]);
    expect(world.sweep?.done).toBe(2);
  });

  test("the lease that ended last is known, with the reason", () => {
    const said = { lease: { id: "l1", camera: "c1" }, reason: { code: "masked", ko: "가림", en: "Masks" } };
    expect(after(SNAPSHOT, event("ptz", said)).leaseEnd).toEqual(said);
  });

  test.each([
    ["unknown", "{}"],
    ["share", "not json"],
    ["share", "{}"],
    ["readiness", "null"],
    ["ptz", "null"],
    ["snapshot", "null"],
  ])("an event %s with data %s changes nothing", (type, data) => {
    const world = after(SNAPSHOT);
    expect(apply(world, { type, data, id: "" })).toEqual({ world, serverTime: null });
  });

  test("a tab that comes later learns the same", () => {
    const world = after(SNAPSHOT, event("share", { share: share("c") }));
    const learnt = apply(EMPTY, snapshotOf(world, 0)).world;
    expect([...learnt.shares.keys()].toSorted()).toEqual(["a", "b", "c"]);
    expect(learnt.incidents).toEqual(world.incidents);
  });
});
