import { describe, expect, test } from "vitest";
import {
  added,
  cornerAdded,
  cornerMoved,
  cornerRemoved,
  Drawing,
  fresh,
  middles,
  MOST_CORNERS,
  MOST_MASKS,
  moved,
  type Polygon,
  rectangle,
  removed,
  type Shapes,
  within,
} from "../src/core/mask-shapes.js";

const SQUARE: Polygon = [
  [0.2, 0.2],
  [0.4, 0.2],
  [0.4, 0.4],
  [0.2, 0.4],
];
const TRIANGLE: Polygon = [
  [0, 0],
  [1, 0],
  [1, 1],
];

describe("polygons", () => {
  test("a place outside is the nearest on the picture", () => {
    expect(within(-3, 0.123456)).toEqual([0, 0.1235]);
    expect(within(1.2, 1)).toEqual([1, 1]);
  });

  test("a drag in any direction is a rectangle, a tap is none", () => {
    expect(rectangle([0.4, 0.4], [0.2, 0.2])).toEqual(SQUARE);
    expect(rectangle([0.4, 0.4], [0.2, 1.5])?.at(2)).toEqual([0.4, 1]);
    expect(rectangle([0.4, 0.4], [0.405, 0.9])).toBeNull();
  });

  test("the ones to begin with lie on the picture and not on each other", () => {
    const all = Array.from({ length: MOST_MASKS }, (_, count) => fresh(count));
    for (const [x, y] of all.flat()) expect(within(x, y)).toEqual([x, y]);
    expect(all[0]).not.toEqual(all[1]);
  });

  test("no more masks and corners than the service takes, no fewer corners than an area has", () => {
    const full: Shapes = Array.from({ length: MOST_MASKS }, () => SQUARE);
    expect(added(full, TRIANGLE)).toBe(full);
    expect(added([], TRIANGLE)).toEqual([TRIANGLE]);
    let many: Shapes = [SQUARE];
    for (let each = 0; each < 100; each += 1) many = cornerAdded(many, 0, 0);
    expect(many[0]).toHaveLength(MOST_CORNERS);
    expect(cornerRemoved([TRIANGLE], 0, 1)).toEqual([TRIANGLE]);
    expect(cornerRemoved([SQUARE], 0, 1)[0]).toEqual([SQUARE[0], SQUARE[2], SQUARE[3]]);
  });

  test("a new corner is in the middle of its edge, the last edge included", () => {
    expect(cornerAdded([SQUARE], 0, 3)[0]?.at(4)).toEqual([0.2, 0.3]);
    expect(middles(SQUARE)).toEqual([
      [0.3, 0.2],
      [0.4, 0.3],
      [0.3, 0.4],
      [0.2, 0.3],
    ]);
  });

  test("a mask that is moved stops at the edge and keeps its form", () => {
    expect(moved([SQUARE], 0, 0.1, -0.9)[0]).toEqual([
      [0.3, 0],
      [0.5, 0],
      [0.5, 0.2],
      [0.3, 0.2],
    ]);
    expect(moved([SQUARE], 1, 0.1, 0.1)).toEqual([SQUARE]);
  });

  test("a corner that is moved stops at the edge", () => {
    expect(cornerMoved([SQUARE], 0, 0, [-1, 0.1])[0]?.[0]).toEqual([0, 0.1]);
    expect(cornerMoved([SQUARE], 0, 9, [0, 0])).toEqual([SQUARE]);
    expect(removed([SQUARE, TRIANGLE], 0)).toEqual([TRIANGLE]);
  });
});

describe("drawing", () => {
  test("knows whether there is anything to save, and the way back", () => {
    const begin = new Drawing([SQUARE]);
    expect([begin.changed, begin.undoable]).toEqual([false, false]);
    expect(begin.with([SQUARE])).toBe(begin);
    const twice = begin.with([SQUARE, TRIANGLE]).with([TRIANGLE]);
    expect(twice.changed).toBe(true);
    expect(twice.undone().shapes).toEqual([SQUARE, TRIANGLE]);
    expect(twice.undone().undone().changed).toBe(false);
    expect(begin.undone()).toBe(begin);
  });

  test("a drag is one step, however long it was", () => {
    const begin = new Drawing([SQUARE]);
    let drawing = begin;
    for (let step = 1; step < 9; step += 1) {
      drawing = drawing.dragged(moved(begin.shapes, 0, step / 100, 0), begin);
    }
    const done = begin.with(drawing.shapes);
    expect(done.undone().shapes).toEqual([SQUARE]);
    expect(done.undone().undoable).toBe(false);
  });
});
