// Privacy masks while they are drawn: polygons, what may be done with them, and the way back. Pure.
//
// Corners are x and y from the picture's upper left, 0 to 1 of its width and height. The service's limits
// (hotline/domain/masks.py) hold here too, so that what is drawn can be saved.

export type Corner = readonly [number, number];
export type Polygon = readonly Corner[];
export type Shapes = readonly Polygon[];

export const MOST_MASKS = 32;
export const MOST_CORNERS = 64;
const FEWEST_CORNERS = 3;
/** A rectangle smaller than this in either direction was no drag but a tap. */
const SMALLEST = 0.01;
const MOST_STEPS = 100;

/** The nearest place on the picture, to a ten-thousandth of it. */
export function within(x: number, y: number): Corner {
  return [part(x), part(y)];
}

/** A rectangle between two opposite corners; null where it is too small to be meant. */
export function rectangle(from: Corner, to: Corner): Polygon | null {
  const [left, right] = [Math.min(from[0], to[0]), Math.max(from[0], to[0])];
  const [top, bottom] = [Math.min(from[1], to[1]), Math.max(from[1], to[1])];
  if (right - left < SMALLEST || bottom - top < SMALLEST) return null;
  return [within(left, top), within(right, top), within(right, bottom), within(left, bottom)];
}

/** A mask to begin with, for who does not drag one; each a little beside the last. */
export function fresh(count: number): Polygon {
  const shift = (count % 5) * 0.03;
  return [
    within(0.35 + shift, 0.35 + shift),
    within(0.65 + shift, 0.35 + shift),
    within(0.65 + shift, 0.65 + shift),
    within(0.35 + shift, 0.65 + shift),
  ];
}

/** With one more mask; the same where there is room for none. */
export function added(shapes: Shapes, polygon: Polygon): Shapes {
  return shapes.length < MOST_MASKS ? [...shapes, polygon] : shapes;
}

export function removed(shapes: Shapes, index: number): Shapes {
  return shapes.filter((_, each) => each !== index);
}

/** With one mask moved as a whole; it stops at the picture's edge and keeps its form. */
export function moved(shapes: Shapes, index: number, dx: number, dy: number): Shapes {
  const polygon = shapes[index];
  if (polygon === undefined) return shapes;
  const shift = (along: 0 | 1, by: number): number => {
    const values = polygon.map((corner) => corner[along]);
    return Math.min(1 - Math.max(...values), Math.max(-Math.min(...values), by));
  };
  const [x, y] = [shift(0, dx), shift(1, dy)];
  return put(
    shapes,
    index,
    polygon.map((corner) => within(corner[0] + x, corner[1] + y)),
  );
}

export function cornerMoved(shapes: Shapes, index: number, corner: number, to: Corner): Shapes {
  const polygon = shapes[index];
  if (polygon?.[corner] === undefined) return shapes;
  return put(shapes, index, polygon.with(corner, within(to[0], to[1])));
}

/** With a corner in the middle of the edge after `corner`; the same where the mask has as many as it may. */
export function cornerAdded(shapes: Shapes, index: number, corner: number): Shapes {
  const polygon = shapes[index];
  const from = polygon?.[corner];
  if (polygon === undefined || from === undefined || polygon.length >= MOST_CORNERS) return shapes;
  return put(
    shapes,
    index,
    polygon.toSpliced(corner + 1, 0, middle(from, polygon.at(corner + 1) ?? polygon[0])),
  );
}

/** Without a corner; the same where the mask would be no area any more. */
export function cornerRemoved(shapes: Shapes, index: number, corner: number): Shapes {
  const polygon = shapes[index];
  if (polygon === undefined || polygon.length <= FEWEST_CORNERS) return shapes;
  return put(shapes, index, polygon.toSpliced(corner, 1));
}

/** The middle of each edge, the edge after corner 0 first. */
export function middles(polygon: Polygon): readonly Corner[] {
  return polygon.map((corner, index) => middle(corner, polygon.at(index + 1) ?? polygon[0]));
}

export function same(a: Shapes, b: Shapes): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What is drawn, what is saved, and the way back. A value: each change gives another. */
export class Drawing {
  readonly shapes: Shapes;
  readonly saved: Shapes;
  readonly #before: readonly Shapes[];

  constructor(saved: Shapes, shapes: Shapes = saved, before: readonly Shapes[] = []) {
    this.saved = saved;
    this.shapes = shapes;
    this.#before = before;
  }

  get changed(): boolean {
    return !same(this.shapes, this.saved);
  }

  get undoable(): boolean {
    return this.#before.length > 0;
  }

  /** After a step; one that changes nothing is none. */
  with(shapes: Shapes): Drawing {
    if (same(shapes, this.shapes)) return this;
    return new Drawing(this.saved, shapes, [...this.#before, this.shapes].slice(-MOST_STEPS));
  }

  /** In the middle of a drag: no step yet. `begin`: the drawing before it. */
  dragged(shapes: Shapes, begin: Drawing): Drawing {
    return new Drawing(this.saved, shapes, begin.#before);
  }

  undone(): Drawing {
    const last = this.#before.at(-1);
    return last === undefined ? this : new Drawing(this.saved, last, this.#before.slice(0, -1));
  }
}

function part(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;
}

function put(shapes: Shapes, index: number, polygon: Polygon): Shapes {
  return shapes.with(index, polygon);
}

function middle(from: Corner, to: Corner | undefined): Corner {
  return to === undefined ? from : within((from[0] + to[0]) / 2, (from[1] + to[1]) / 2);
}
