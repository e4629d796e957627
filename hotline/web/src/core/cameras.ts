// The cameras of the centre with what the newest check found, and which of them are looked for. Pure.

import type { InventoryCamera, Readiness, Reading } from "./model.js";

export type Found = Readiness | "unknown";

/** As they stand in the list: those that want somebody first. */
export const RESULTS: readonly Found[] = ["dead", "slow", "needs_transcode", "unknown", "ready"];

export interface Search {
  readonly words: string;
  /** Empty: every one. */
  readonly site: string;
  readonly result: Found | "";
}

export const EVERYTHING: Search = { words: "", site: "", result: "" };

export type Readings = ReadonlyMap<string, Reading>;

export function foundOf(camera: string, readings: Readings): Found {
  return readings.get(camera)?.result.code ?? "unknown";
}

/** The cameras that are looked for, those that want somebody first, by name within. */
export function searched(
  cameras: readonly InventoryCamera[],
  readings: Readings,
  { words, site, result }: Search,
): readonly InventoryCamera[] {
  const wanted = words.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const worth = (camera: InventoryCamera): number => RESULTS.indexOf(foundOf(camera.id, readings));
  return cameras
    .filter((camera) => {
      if (site !== "" && camera.site !== site) return false;
      if (result !== "" && foundOf(camera.id, readings) !== result) return false;
      const text = [camera.id, camera.name_ko, camera.name_en, camera.site].join(" ").toLocaleLowerCase();
      return wanted.every((word) => text.includes(word));
    })
    .toSorted((a, b) => worth(a) - worth(b) || a.name_ko.localeCompare(b.name_ko, "ko"));
}

/** The sites, by name. */
export function sitesOf(cameras: readonly InventoryCamera[]): readonly string[] {
  return [...new Set(cameras.map(({ site }) => site))].toSorted((a, b) => a.localeCompare(b, "ko"));
}

/** What was asked for and what was told since, whichever is newer of each camera. */
export function merged(asked: Readings, told: Readings): Readings {
  const readings = new Map(asked);
  for (const [camera, reading] of told) {
    const known = readings.get(camera);
    if (known === undefined || known.at < reading.at) readings.set(camera, reading);
  }
  return readings;
}
