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
    const size = pictureWidth({ columns, rows }, width, height, aspect);
    const fewer = columns * rows < best.columns * best.rows;
    if (size > bestSize + 0.5 || (size > bestSize - 0.5 && fewer)) {
      best = { columns, rows };
      bestSize = size;
    }
  }
  return best;
}

/**
 * How groups of `counts` pictures share a wall of `width` × `height`, each group under a heading of `heading`
 * CSS pixels: the arrangement whose smallest picture is largest.
 */
export function bestWall(counts: readonly number[], width: number, height: number, heading: number): Wall {
  let best: Wall = { groups: { columns: 1, rows: 1 }, grids: [] };
  let bestSize = -Infinity;
  for (let columns = 1; columns <= counts.length; columns += 1) {
    const groups: Grid = { columns, rows: Math.ceil(counts.length / columns) };
    const box = { width: width / columns, height: height / groups.rows - heading };
    const grids = counts.map((count) => bestGrid(count, box.width, box.height));
    const size = Math.min(...grids.map((grid) => pictureWidth(grid, box.width, box.height)));
    if (size > bestSize) {
      best = { groups, grids };
      bestSize = size;
    }
  }
  return best;
}

export interface Wall {
  readonly groups: Grid;
  /** One per group, in order. */
  readonly grids: readonly Grid[];
}

function pictureWidth(grid: Grid, width: number, height: number, aspect = 16 / 9): number {
  return Math.min(width / grid.columns, (height / grid.rows) * aspect);
}
