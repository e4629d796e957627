import { expect, test } from "vitest";
import { EVERYTHING, merged, searched, sitesOf } from "../src/core/cameras.js";
import type { InventoryCamera, Readiness, Reading } from "../src/core/model.js";

function camera(id: string, site: string): InventoryCamera {
  return {
    id,
    name_ko: `${site} ${id}`,
    name_en: `Camera ${id}`,
    latitude: 37,
    longitude: 126,
    heading: null,
    site,
    purpose: "",
    field_of_view: null,
    masked: false,
  };
}

function reading(id: string, code: Readiness, at = "2026-11-24T06:00:00Z"): [string, Reading] {
  const unknown = { reason: null, findings: [], codec: null, profile: null, width: null, height: null };
  const figures = { frames_per_second: null, first_picture_s: null, keyframe_interval_s: null };
  return [id, { camera: id, at, result: { code, ko: "", en: "" }, ...unknown, ...figures, sub: null }];
}

const CAMERAS = [camera("a", "역"), camera("b", "시장"), camera("c", "시장"), camera("d", "역")];
const READINGS = new Map([reading("a", "ready"), reading("b", "dead"), reading("d", "slow")]);

function ids(search: Partial<typeof EVERYTHING>): string {
  return searched(CAMERAS, READINGS, { ...EVERYTHING, ...search })
    .map(({ id }) => id)
    .join("");
}

test("those that want somebody come first", () => {
  expect(ids({})).toBe("bdca");
});

test("looked for by words in any order, site and result", () => {
  expect(ids({ words: " camera  시장 " })).toBe("bc");
  expect(ids({ site: "역" })).toBe("da");
  expect(ids({ result: "unknown" })).toBe("c");
  expect(ids({ words: "nothing" })).toBe("");
  expect(sitesOf(CAMERAS)).toEqual(["시장", "역"]);
});

test("the newer word counts, whether it was asked for or told", () => {
  const newer = new Map([reading("a", "dead", "2026-11-24T07:00:00Z"), reading("c", "ready")]);
  const older = new Map([reading("b", "ready", "2026-11-24T05:00:00Z")]);
  const found = merged(merged(READINGS, newer), older);
  expect(["a", "b", "c", "d"].map((id) => found.get(id)?.result.code)).toEqual([
    "dead",
    "dead",
    "ready",
    "slow",
  ]);
});
