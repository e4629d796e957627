import { describe, expect, test } from "vitest";
import { LONGEST_PAUSE, pause, retryAfter } from "../src/core/backoff.js";
import { countdown, dayAndMinute, distance, timeOfDay } from "../src/core/duration.js";
import { bestGrid, bestWall } from "../src/core/grid.js";
import { iceServers, layerUrl } from "../src/core/ice-servers.js";
import { ServerClock } from "../src/core/server-clock.js";
import { received } from "../src/core/strip-policy.js";

test("a day is Korea's", () => {
  expect(dayAndMinute(Date.UTC(2026, 10, 24, 15, 4, 59))).toBe("11-25 00:04");
});

describe("backoff", () => {
  test("the first attempt is immediate, the rest within a second", () => {
    expect(pause(1, 0.99)).toBe(0);
    expect([2, 3, 4, 50].map((failures) => pause(failures, 1))).toEqual([250, 500, 1000, 1000]);
    expect([2, 3, 4].map((failures) => pause(failures, 0))).toEqual([125, 250, 500]);
  });

  test("the server may ask for more, up to the longest pause", () => {
    expect(pause(1, 0, 700)).toBe(700);
    expect(pause(1, 0, 60_000)).toBe(LONGEST_PAUSE);
    expect(pause(4, 1, 10)).toBe(1000);
  });

  test("reads Retry-After in seconds only", () => {
    expect(retryAfter("2")).toBe(2000);
    expect(retryAfter(" 0.5 ")).toBe(500);
    for (const header of [null, "", "soon", "-1", "Wed, 21 Oct 2026 07:28:00 GMT"]) {
      expect(retryAfter(header)).toBeNull();
    }
  });
});

describe("durations", () => {
  test.each([
    [-5, "0:00"],
    [1, "0:01"],
    [59_001, "1:00"],
    [3_599_000, "59:59"],
    [3_600_000, "1:00:00"],
    [10_805_000, "3:00:05"],
  ])("%d ms left is %s", (ms, text) => {
    expect(countdown(ms)).toBe(text);
  });

  test("the clock is Korea's, whatever this machine's is", () => {
    expect(timeOfDay(Date.UTC(2026, 10, 24, 15, 5, 9))).toBe("00:05:09");
  });

  test.each([
    [7.4, "7 m"],
    [96.2, "96 m"],
    [244, "240 m"],
    [996, "1 km"],
    [1449, "1.4 km"],
    [15_000, "15 km"],
  ])("%d m is said as %s", (metres, text) => {
    expect(distance(metres)).toBe(text);
  });
});

describe("grid", () => {
  test.each([
    [1, 1, 1],
    [2, 2, 1],
    [3, 2, 2],
    [4, 2, 2],
    [5, 3, 2],
    [6, 3, 2],
    [9, 3, 3],
    [12, 4, 3],
    [16, 4, 4],
  ])("%d pictures on a wide wall: %d columns, %d rows", (count, columns, rows) => {
    expect(bestGrid(count, 1920, 1000)).toEqual({ columns, rows });
  });

  test("an upright box takes fewer columns", () => {
    expect(bestGrid(4, 800, 1200)).toEqual({ columns: 1, rows: 4 });
    expect(bestGrid(9, 800, 1200)).toEqual({ columns: 2, rows: 5 });
  });

  test("nothing and no room are not errors", () => {
    expect(bestGrid(0, 1920, 1080)).toEqual({ columns: 1, rows: 1 });
    expect(bestGrid(9, 0, 0).columns).toBeGreaterThan(0);
    expect(bestWall([], 1920, 1080, 48).grids).toEqual([]);
  });

  test("every picture has a cell", () => {
    for (let count = 1; count <= 40; count += 1) {
      for (const [width, height] of [
        [1920, 1080],
        [800, 1280],
        [3840, 2160],
        [400, 100],
      ] as const) {
        const { columns, rows } = bestGrid(count, width, height);
        expect(columns * rows).toBeGreaterThanOrEqual(count);
      }
    }
  });

  test("two shares of nine lie one above the other on a wide wall", () => {
    const wall = bestWall([9, 9], 1920, 1000, 48);
    expect(wall.groups).toEqual({ columns: 1, rows: 2 });
    expect(wall.grids).toEqual([
      { columns: 5, rows: 2 },
      { columns: 5, rows: 2 },
    ]);
  });

  test("one share takes the whole wall", () => {
    expect(bestWall([9], 1920, 1000, 48)).toEqual({
      groups: { columns: 1, rows: 1 },
      grids: [{ columns: 3, rows: 3 }],
    });
  });
});

describe("server clock", () => {
  const server = Date.UTC(2026, 10, 24);

  test("a prompt event was sent when it came", () => {
    const clock = new ServerClock();
    expect(clock.learn(server, 5000)).toBe(5000);
    expect(clock.learn(server + 500, 5500)).toBe(5500);
    expect(clock.at(6000)).toBe(server + 1000);
    expect(clock.toLocal(server + 1000)).toBe(6000);
  });

  test("a late event was sent earlier", () => {
    const clock = new ServerClock();
    clock.learn(server, 5000);
    expect(clock.learn(server + 500, 8500)).toBe(5500);
  });

  test("a clock that was set is learnt anew, not taken for a delay", () => {
    const clock = new ServerClock();
    clock.learn(server, 5000);
    expect(clock.learn(server - 3_600_000, 5500)).toBe(5500);
    expect(clock.learn(server - 3_600_000 + 500, 6000)).toBe(6000);
    expect(clock.learn(server + 7_200_000, 6500)).toBe(6500);
  });

  test("what was quick long ago is forgotten", () => {
    const clock = new ServerClock();
    clock.learn(server, 0);
    expect(clock.learn(server + 1000, 1200)).toBe(1000);
    clock.learn(server + 299_000, 299_200);
    expect(clock.learn(server + 301_000, 301_200)).toBe(301_200);
  });

  test("knows nothing before the first event, nor after a reset", () => {
    const clock = new ServerClock();
    expect(clock.at(0)).toBeNull();
    clock.learn(server, 0);
    clock.reset();
    expect(clock.toLocal(server)).toBeNull();
  });
});

describe("strip", () => {
  const bad = { effectiveType: "3g", saveData: false };
  const which = (link: typeof bad): number[] =>
    [0, 1, 2, 3, 4, 5].filter((index) => received(index, 0, 6, link));

  test("a good link, and one nobody knows, takes all", () => {
    expect(which({ effectiveType: "4g", saveData: false })).toHaveLength(6);
    expect([0, 1, 2, 3].every((i) => received(i, 0, 4, { effectiveType: null, saveData: false }))).toBe(true);
  });

  test("a bad link takes the neighbours, around the end too", () => {
    expect(which(bad)).toEqual([0, 1, 5]);
    expect(which({ effectiveType: "4g", saveData: true })).toEqual([0, 1, 5]);
  });
});

describe("ICE servers", () => {
  test("are read from Link headers, however many are joined", () => {
    const header =
      '<turn:turn.city.example:3478?transport=udp>; rel="ice-server"; username="1:a"; credential="c,;="; ' +
      'credential-type="password", <stun:stun.city.example>; rel=ice-server, </next>; rel="next"';
    expect(iceServers(header)).toEqual([
      { urls: "turn:turn.city.example:3478?transport=udp", username: "1:a", credential: "c,;=" },
      { urls: "stun:stun.city.example" },
    ]);
  });

  test("where to ask for less", () => {
    const rel = "urn:ietf:params:whep:ext:core:layer";
    expect(layerUrl(`<turn:t>; rel="ice-server", </whep/c/v/layer>; rel="${rel}"`)).toBe("/whep/c/v/layer");
    for (const header of [null, "", '<turn:t>; rel="ice-server"']) expect(layerUrl(header)).toBeNull();
  });

  test("nothing else becomes one", () => {
    for (const header of [null, "", "nonsense", '<https://city.example>; rel="ice-server"', "<turn:x"]) {
      expect(iceServers(header)).toEqual([]);
    }
  });
});
