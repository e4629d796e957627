// How many columns and rows a number of pictures takes in a box. Pure.

export interface Grid {
  readonly columns: number;
  readonly rows: number;
}

/**
 * The grid that shows `count` boxes of `aspect` (width / height) largest in `width` × `height` CSS pixels. In a
 * box as wide as its pictures that gives 1, 2, 4, 6, 9, 12 or 16 cells. Of equals, the one with fewer cells.
 */
export function bestGrid(count: number, width: number, height: number, aspect = 16 / 9): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, count) };
  let bestSize = -1;
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.ceil(Math.max(1, count) / columns);
    const size = Math.min(width / columns, (height / rows) * aspect);
    const fewer = columns * rows < best.columns * best.rows;
    if (size > bestSize + 0.5 || (size > bestSize - 0.5 && fewer)) {
      best = { columns, rows };
      bestSize = size;
    }
  }
  return best;
}
