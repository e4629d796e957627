// The quality that a person wants to see, and what follows from it for a connection. `auto`: what the tile has a
// use for and the link carries.

import type { Lack } from "./layer.js";
import type { Profile } from "./whep.js";

export type Quality = "auto" | "full" | "small";

export const QUALITIES: readonly Quality[] = ["auto", "full", "small"];

/** The key of its name among the texts. */
export function qualityName(quality: Quality): "qualityAuto" | "qualityFull" | "qualitySmall" {
  return ({ auto: "qualityAuto", full: "qualityFull", small: "qualitySmall" } as const)[quality];
}

/** What a connection is asked for: never more than a tile of this many pixels needs, or one rendition always. */
export interface Wish {
  readonly maxWidth: number | null;
  readonly pinned: Profile | null;
}

export const NO_WISH: Wish = { maxWidth: null, pinned: null };

/** A picture of this share of a tile's pixels is as good as one of all: nobody sees it enlarged by a quarter. */
const ENOUGH = 0.8;

/** `width` in CSS pixels, `density` of the screen. */
export function wishOf(quality: Quality, width: number, density: number): Wish {
  if (quality === "full") return { maxWidth: null, pinned: "main" };
  if (quality === "small") return { maxWidth: null, pinned: "sub" };
  return { maxWidth: width > 0 ? Math.min(Math.ceil(width * density * ENOUGH), 16_384) : null, pinned: null };
}

/** What tiles that share a connection ask for together: enough for the most demanding one. */
export function together(wishes: readonly Wish[]): Wish {
  const pinned = wishes.some((wish) => wish.pinned === "main")
    ? "main"
    : wishes.length > 0 && wishes.every((wish) => wish.pinned === "sub")
      ? "sub"
      : null;
  const widths = wishes.map((wish) => wish.maxWidth);
  const known = widths.filter((width) => width !== null);
  const maxWidth = known.length > 0 && known.length === widths.length ? Math.max(...known) : null;
  return { maxWidth, pinned };
}

/** How many cameras are not given in the quality that was chosen, for one reason. */
export interface Lacking {
  readonly lack: Lack;
  readonly cameras: number;
}

/** `lacks`: one for each camera. The reason of most cameras first. */
export function lackingOf(lacks: readonly Lack[]): Lacking[] {
  const byReason = new Map<string, Lacking>();
  for (const lack of lacks) {
    byReason.set(lack.reason, { lack, cameras: (byReason.get(lack.reason)?.cameras ?? 0) + 1 });
  }
  return [...byReason.values()].toSorted((one, other) => other.cameras - one.cameras);
}

/** The quality that was chosen on a page of this browser, kept under `page`. */
export function keptQuality(page: string): Quality {
  try {
    const kept = localStorage.getItem(keyOf(page));
    return QUALITIES.find((quality) => quality === kept) ?? "auto";
  } catch {
    return "auto"; // storage is forbidden here
  }
}

export function keepQuality(page: string, quality: Quality): void {
  try {
    localStorage.setItem(keyOf(page), quality);
  } catch {
    // Storage is forbidden here: the choice holds until the page is left.
  }
}

function keyOf(page: string): string {
  return `hotline-quality-${page}`;
}
