// <video-wall>: every camera of every running share, grouped by share, in the grid that shows them largest. One
// can be enlarged by a click or a key, and put back.
//
// For tests: data-layout on each group's grid ("3x3"), data-share on each group, data-enlarged on the element.

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { distance } from "../core/duration.js";
import { bestWall, type Grid, type Wall } from "../core/grid.js";
import type { Hotline } from "../core/hotline.js";
import type { Share } from "../core/model.js";
import type { Quality } from "../core/quality.js";
import { type Cell, cellsOf, keyOf, Targets } from "../core/targets.js";
import { Localized } from "../text/language.js";
import { shared } from "./style.js";
import "./camera-tile.js";
import "./incident-heading.js";

/** Height of a group's heading, CSS pixels; near enough to choose a grid. */
const HEADING = 48;

@customElement("video-wall")
export class VideoWall extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        position: relative;
        gap: var(--gap);
        height: 100%;
        min-height: 0;
      }
      section,
      .enlarged {
        display: flex;
        flex-direction: column;
        gap: 4px;
        min-width: 0;
        min-height: 0;
      }
      .grid {
        display: grid;
        flex: 1;
        gap: 4px;
        min-height: 0;
      }
      .cell {
        position: relative;
        min-width: 0;
        min-height: 0;
      }
      camera-tile {
        height: 100%;
      }
      .over {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        padding: 0;
        border: 0;
        border-radius: 0;
        background: none;
      }
      .over:focus-visible {
        outline-offset: -4px;
        outline-width: 4px;
      }
      .enlarged {
        position: absolute;
        inset: 0;
        z-index: 1;
        background: var(--ground);
      }
      .enlarged .cell {
        flex: 1;
      }
      .back {
        position: absolute;
        right: 16px;
        bottom: 16px;
        background: rgb(20 26 33 / 0.9);
      }
    `,
  ];

  @property({ attribute: false }) hotline: Hotline | null = null;
  @property({ attribute: false }) shares: readonly Share[] = [];
  /** Of every tile. */
  @property({ attribute: false }) quality: Quality = "auto";
  @state() private enlarged: string | null = null;
  @state() private size = { width: 0, height: 0 };
  @query(".back") private back!: HTMLButtonElement | null;

  readonly #localized = new Localized(this);
  readonly #targets = new Targets();
  readonly #sized = new ResizeObserver((entries) => {
    const box = entries.at(-1)?.contentRect;
    if (box !== undefined) this.size = { width: box.width, height: box.height };
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sized.observe(this);
    window.addEventListener("keydown", this.#onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sized.disconnect();
    window.removeEventListener("keydown", this.#onKey);
  }

  override willUpdate(): void {
    // The first grid must be the right one: by the width it gives them, tiles choose what to receive.
    if (this.size.width === 0) this.size = { width: this.clientWidth, height: this.clientHeight };
    this.#targets.keep(cellsOf(this.shares));
    if (this.enlarged !== null && !cellsOf(this.shares).some((cell) => keyOf(cell) === this.enlarged)) {
      this.enlarged = null; // its share ended
    }
    if (this.enlarged === null) delete this.dataset["enlarged"];
    else this.dataset["enlarged"] = this.enlarged;
  }

  override updated(): void {
    // Through the object model: a style attribute, which lit's styleMap begins with, is what the content
    // security policy forbids.
    divide(this, this.#wall().groups);
    for (const grid of this.renderRoot.querySelectorAll<HTMLElement>(".grid")) {
      const [columns = 1, rows = 1] = (grid.dataset["layout"] ?? "1x1").split("x").map(Number);
      divide(grid, { columns, rows });
    }
  }

  override render(): TemplateResult {
    const { grids } = this.#wall();
    return html`
      ${repeat(
        this.shares,
        (share) => share.id,
        (share, index) => this.#group(share, grids[index] ?? { columns: 1, rows: 1 }),
      )}
      ${this.#enlargedTile()}
    `;
  }

  #group(share: Share, grid: Grid): TemplateResult {
    const layout = `${String(grid.columns)}x${String(grid.rows)}`;
    return html`
      <section data-share=${share.id} aria-label=${share.incident.address ?? share.incident.number}>
        <incident-heading .hotline=${this.hotline} .share=${share}></incident-heading>
        <div class="grid" data-layout=${layout}>
          ${repeat(
            share.cameras,
            (camera) => camera.id,
            (camera) => this.#cell({ share, camera }),
          )}
        </div>
      </section>
    `;
  }

  #cell(cell: Cell): TemplateResult {
    const name = this.#localized.name(cell.camera);
    return html`
      <div class="cell">
        ${this.#tile(cell)}
        <button
          class="over"
          data-key=${keyOf(cell)}
          aria-label=${this.#localized.texts.enlarge(name)}
          @click=${() => this.#enlarge(keyOf(cell))}
        ></button>
      </div>
    `;
  }

  #tile(cell: Cell): TemplateResult {
    const { camera } = cell;
    return html`<camera-tile
      .hotline=${this.hotline}
      .target=${this.hotline === null ? null : this.#targets.of(this.hotline, cell)}
      .quality=${this.quality}
      .name=${this.#localized.name(camera)}
      .caption=${`${distance(camera.distance_m)} ${this.#localized.direction(camera)}`}
    ></camera-tile>`;
  }

  #enlargedTile(): TemplateResult | typeof nothing {
    const cell = cellsOf(this.shares).find((each) => keyOf(each) === this.enlarged);
    if (cell === undefined) return nothing;
    // Keyed: another camera is another element, so that no picture ever stands under another's name.
    return html`
      <div class="enlarged">
        <incident-heading .hotline=${this.hotline} .share=${cell.share}></incident-heading>
        ${repeat(
          [cell],
          keyOf,
          () => html`
            <div class="cell" @click=${() => this.#shrink()}>
              ${this.#tile(cell)}
              <button class="back">${this.#localized.texts.shrink}</button>
            </div>
          `,
        )}
      </div>
    `;
  }

  #wall(): Wall {
    const counts = this.shares.map((share) => share.cameras.length);
    return bestWall(counts, this.size.width, this.size.height, HEADING);
  }

  #enlarge(key: string): void {
    this.enlarged = key;
    void this.updateComplete.then(() => this.back?.focus());
  }

  #shrink(): void {
    const key = this.enlarged;
    this.enlarged = null;
    if (key !== null) void this.updateComplete.then(() => this.#button(key)?.focus());
  }

  #button(key: string): HTMLButtonElement | undefined {
    const buttons = this.renderRoot.querySelectorAll<HTMLButtonElement>("button.over");
    return [...buttons].find((button) => button.dataset["key"] === key);
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const cells = cellsOf(this.shares);
    const digit = /^[1-9]$/.test(event.key) ? cells[Number(event.key) - 1] : undefined;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.#columns(), ArrowUp: -this.#columns() }[
      event.key
    ];
    if (event.key === "Escape" && this.enlarged !== null) this.#shrink();
    else if (digit !== undefined) this.#enlarge(keyOf(digit));
    else if (step !== undefined && cells.length > 0) this.#move(step, cells);
    else return;
    event.preventDefault();
  };

  #move(step: number, cells: readonly Cell[]): void {
    const active = this.renderRoot instanceof ShadowRoot ? this.renderRoot.activeElement : null;
    const focused = active instanceof HTMLElement ? active.dataset["key"] : undefined;
    const at = cells.findIndex((cell) => keyOf(cell) === (this.enlarged ?? focused));
    if (this.enlarged !== null) {
      const next = cells.at((at + Math.sign(step) + cells.length) % cells.length);
      if (next !== undefined) this.#enlarge(keyOf(next));
      return;
    }
    const next = at < 0 ? cells[0] : cells[at + step];
    if (next !== undefined) this.#button(keyOf(next))?.focus();
  }

  #columns(): number {
    const layout = this.renderRoot.querySelector<HTMLElement>(".grid")?.dataset["layout"] ?? "1x1";
    return Number(layout.split("x")[0]);
  }
}

function divide(element: HTMLElement, { columns, rows }: Grid): void {
  element.style.setProperty("grid-template-columns", `repeat(${String(columns)}, minmax(0, 1fr))`);
  element.style.setProperty("grid-template-rows", `repeat(${String(rows)}, minmax(0, 1fr))`);
}
