import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AGAIN, Layer, readLack } from "../src/core/layer.js";
import { lackingOf, wishOf } from "../src/core/quality.js";

const FULL = wishOf("full", 800, 1);
const NO_ROOM = { reason: "no_room", detail: "no room", detail_ko: "여유 없음" };
const LACK = { reason: "no_room", en: "no room", ko: "여유 없음" };
/** Longer than any pause. */
const LONG = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A relay that answers what it is told to, and a connection to it. */
function connection() {
  const relay = { asked: [] as unknown[], lack: null as unknown, status: 200, delay: 0, changes: 0 };
  vi.stubGlobal("fetch", async (url: string, { body, signal }: { body: string; signal: AbortSignal }) => {
    relay.asked.push([url, JSON.parse(body)]);
    if (relay.delay > 0) await new Promise((resolve) => setTimeout(resolve, relay.delay));
    signal.throwIfAborted();
    return Response.json(relay.lack === null ? {} : { lack: relay.lack }, { status: relay.status });
  });
  const token = { get: async () => "token", refused: () => undefined };
  const layer = new Layer(token, () => {
    relay.changes += 1;
  });
  return { relay, layer };
}

async function now(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

describe("a quality that cannot be had", () => {
  test("is known from the answer, and gone when it can be had", async () => {
    const { relay, layer } = connection();
    relay.lack = NO_ROOM;
    layer.ask(FULL);
    layer.open("/layer");
    await now();
    expect(relay.asked).toEqual([["/layer", { hidden: false, rid: "main" }]]);
    expect(layer.lack).toEqual(LACK);
    relay.lack = null;
    await vi.advanceTimersByTimeAsync(AGAIN[0] ?? 0);
    expect(layer.lack).toBeNull();
    expect(relay.changes).toBe(2);
    layer.close();
  });

  test("becomes known a moment later", async () => {
    const { relay, layer } = connection();
    layer.open("/layer");
    layer.ask(FULL);
    await now();
    expect(layer.lack).toBeNull();
    relay.lack = NO_ROOM;
    await vi.advanceTimersByTimeAsync(AGAIN[0] ?? 0);
    expect(layer.lack).toEqual(LACK);
    layer.close();
  });

  test("is gone at once when something else is wished, and nothing is asked again", async () => {
    const { relay, layer } = connection();
    relay.lack = NO_ROOM;
    layer.open("/layer");
    layer.ask(FULL);
    await now();
    layer.ask(wishOf("auto", 1000, 1));
    expect(layer.lack).toBeNull();
    relay.lack = null;
    await vi.advanceTimersByTimeAsync(LONG);
    expect(relay.asked.at(-1)).toEqual(["/layer", { hidden: false, rid: null, maxWidth: 800 }]);
    expect(relay.asked).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is asked for ever less often, and not while nobody looks", async () => {
    const { relay, layer } = connection();
    layer.open("/layer");
    layer.ask(FULL);
    await vi.advanceTimersByTimeAsync(AGAIN.reduce((sum, each) => sum + each, 0));
    expect(relay.asked).toHaveLength(1 + AGAIN.length);
    await vi.advanceTimersByTimeAsync((AGAIN.at(-1) ?? 0) - 1);
    expect(relay.asked).toHaveLength(1 + AGAIN.length);
    layer.hide(true);
    await vi.advanceTimersByTimeAsync(LONG);
    expect(relay.asked).toHaveLength(2 + AGAIN.length);
    layer.close();
  });

  test("ends with the connection: no request, no timer, no answer counts", async () => {
    const { relay, layer } = connection();
    relay.lack = NO_ROOM;
    layer.open("/layer");
    relay.delay = 100;
    layer.ask(FULL);
    await now();
    layer.close();
    await vi.advanceTimersByTimeAsync(LONG);
    expect(layer.lack).toBeNull();
    expect(relay.asked).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is not asked of a viewer that the relay has ended", async () => {
    const { relay, layer } = connection();
    relay.status = 404;
    layer.open("/layer");
    layer.ask(FULL);
    await vi.advanceTimersByTimeAsync(LONG);
    expect(relay.asked).toHaveLength(1);
    relay.status = 200;
    layer.open("/another"); // a new connection gets the same wish
    await now();
    expect(relay.asked.at(-1)).toEqual(["/another", { hidden: false, rid: "main" }]);
    layer.close();
  });
});

test("the newest wish arrives last, and the answer to an older one does not count", async () => {
  const { relay, layer } = connection();
  relay.lack = NO_ROOM;
  relay.delay = 100;
  layer.open("/layer");
  layer.ask(FULL);
  await now();
  layer.ask(wishOf("small", 800, 1));
  layer.ask(wishOf("auto", 0, 1));
  await now();
  expect(relay.asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(100);
  expect(relay.asked).toHaveLength(2);
  expect(relay.asked.at(-1)).toEqual(["/layer", { hidden: false, rid: null }]);
  expect(layer.lack).toBeNull();
  relay.lack = null;
  await vi.advanceTimersByTimeAsync(100);
  expect(layer.lack).toBeNull();
  expect(relay.changes).toBe(0);
});

test("an answer that says nothing of the kind tells of no lack", () => {
  for (const answer of [null, 7, "lack", {}, { lack: null }, { lack: { reason: 1, detail: "x" } }]) {
    expect(readLack(answer)).toBeNull();
  }
  expect(readLack({ lack: { reason: "new", detail: "because" } })).toEqual({
    reason: "new",
    en: "because",
    ko: "because",
  });
});

test("cameras are counted by reason, the most frequent first", () => {
  const other = { reason: "unknown", en: "unknown", ko: "없음" };
  expect(lackingOf([other, LACK, LACK])).toEqual([
    { lack: LACK, cameras: 2 },
    { lack: other, cameras: 1 },
  ]);
  expect(lackingOf([])).toEqual([]);
});
