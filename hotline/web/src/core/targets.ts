// The target of each shared camera, always the same object for the same camera: a tile begins anew when its
// target changes.

import type { Hotline } from "./hotline.js";
import type { Share, SharedCamera } from "./model.js";
import type { Target } from "./pool.js";

export interface Cell {
  readonly share: Share;
  readonly camera: SharedCamera;
}

export function keyOf({ share, camera }: Cell): string {
  return `${share.id} ${camera.id}`;
}

export function cellsOf(shares: readonly Share[]): Cell[] {
  return shares.flatMap((share) => share.cameras.map((camera) => ({ share, camera })));
}

export class Targets {
  #targets = new Map<string, Target>();

  of(hotline: Hotline, cell: Cell): Target {
    const key = keyOf(cell);
    let target = this.#targets.get(key);
    if (target === undefined) {
      target = { share: cell.share.id, camera: cell.camera.id, token: hotline.tokenOf(cell.share.id) };
      this.#targets.set(key, target);
    }
    return target;
  }

  /** Forgets the targets of all but these. */
  keep(cells: readonly Cell[]): void {
    const keys = new Set(cells.map(keyOf));
    this.#targets = new Map([...this.#targets].filter(([key]) => keys.has(key)));
  }
}
