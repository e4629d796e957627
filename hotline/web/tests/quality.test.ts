import { describe, expect, test } from "vitest";
import { Opening } from "../src/core/opening.js";
import { NO_WISH, together, wishOf } from "../src/core/quality.js";
import type { ShownFrame } from "../src/core/screen.js";

function shown(at: number, rtp: number | null): ShownFrame {
  return { at, rtp };
}

describe("the picture of now", () => {
  test("pictures a millisecond apart are the past, in fast motion", () => {
    const opening = new Opening();
    const old = [0, 4, 8, 11].map((ms, index) => opening.take(shown(index * 16, 90_000 + ms * 90)));
    expect(old).toEqual([false, false, false, false]);
    expect(opening.take(shown(84, 90_000 + 51 * 90))).toBe(true); // taken 40 ms later
  });

  test("the RTP time wraps", () => {
    const opening = new Opening();
    expect(opening.take(shown(0, 2 ** 32 - 1800))).toBe(false);
    expect(opening.take(shown(40, 1800))).toBe(true);
  });

  test("a decoder that is too slow shows what it has in the end", () => {
    const opening = new Opening();
    expect(opening.take(shown(0, 0))).toBe(false);
    expect(opening.take(shown(590, 90))).toBe(false);
    expect(opening.take(shown(600, 180))).toBe(true);
  });

  test("a browser that does not tell RTP times shows its first picture", () => {
    expect(new Opening().take(shown(0, null))).toBe(true);
  });
});

describe("the wish", () => {
  test("a tile asks for no more than its width, whatever the density of the screen", () => {
    expect(wishOf("auto", 1000, 1)).toEqual({ maxWidth: 800, pinned: null });
    expect(wishOf("auto", 1000, 2)).toEqual({ maxWidth: 1600, pinned: null });
    expect(wishOf("auto", 0, 1)).toEqual(NO_WISH);
    expect(wishOf("auto", 50_000, 1).maxWidth).toBe(16_384);
  });

  test("a pinned quality has no bound", () => {
    expect(wishOf("full", 100, 1)).toEqual({ maxWidth: null, pinned: "main" });
    expect(wishOf("small", 1900, 1)).toEqual({ maxWidth: null, pinned: "sub" });
  });

  test("tiles that share a connection get what the most demanding one needs", () => {
    const [small, large] = [wishOf("auto", 300, 1), wishOf("auto", 1000, 1)];
    expect(together([small, large])).toEqual(large);
    expect(together([small, NO_WISH])).toEqual(NO_WISH);
    expect(together([])).toEqual(NO_WISH);
    expect(together([wishOf("small", 300, 1), wishOf("full", 300, 1)]).pinned).toBe("main");
    expect(together([wishOf("small", 300, 1), small]).pinned).toBeNull();
    expect(together([wishOf("small", 300, 1), wishOf("small", 600, 1)]).pinned).toBe("sub");
  });
});
