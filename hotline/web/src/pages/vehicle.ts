// The vehicle: one large picture, the others beside it. A swipe, a tap or an arrow key goes on to the next. It
// appears by itself, keeps the screen on, and is readable at night at arm's length.
//
// For tests: data-selected on the page's element ("share camera"), data-camera on each button of the strip.

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { distance } from "../core/duration.js";
import type { Hotline } from "../core/hotline.js";
import { currentLink, received } from "../core/strip-policy.js";
import { type Cell, cellsOf, keyOf, Targets } from "../core/targets.js";
import { ScreenWake } from "../core/wake-lock.js";
import { PageFrame } from "../elements/page-frame.js";
import { PageQuality } from "../elements/page-quality.js";
import { RunningShares } from "../elements/shares-controller.js";
import { shared } from "../elements/style.js";
import { Localized } from "../text/language.js";
import { vehicleStyle } from "./vehicle-style.js";
import "../elements/camera-tile.js";
import "../elements/incident-heading.js";
import "../elements/page-header.js";
import "../elements/waiting-state.js";

/** A finger that moved this far, CSS pixels, meant the next camera. */
const SWIPE = 60;

@customElement("vehicle-page")
export class VehiclePage extends LitElement {
  static override styles = [shared, vehicleStyle];

  @state() private selected: string | null = null;
  @query(".stage") private stage!: HTMLElement | null;

  readonly #localized = new Localized(this);
  readonly #quality = new PageQuality(this, "vehicle", false);
  readonly #running = new RunningShares(this);
  readonly #frame = new PageFrame(this, (hotline) => {
    this.#running.follow(hotline);
    this.#quality.follow(hotline);
  });
  readonly #targets = new Targets();
  readonly #wake = new ScreenWake(() => this.requestUpdate());
  #swipeFrom: { readonly id: number; readonly x: number } | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("keydown", this.#onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("keydown", this.#onKey);
  }

  override willUpdate(): void {
    const cells = this.#cells();
    this.#targets.keep(cells);
    if (!cells.some((cell) => keyOf(cell) === this.selected)) {
      const [first] = cells;
      this.selected = first === undefined ? null : keyOf(first);
    }
    if (this.selected === null) delete this.dataset["selected"];
    else this.dataset["selected"] = this.selected;
  }

  override render(): TemplateResult {
    const { hotline } = this.#frame;
    const { texts } = this.#localized;
    if (hotline === null) return this.#frame.opening(this.#localized);
    return html`
      <page-header
        .hotline=${hotline}
        .heading=${texts.vehiclePage}
        .note=${this.#wake.held ? "" : texts.sleepNotPrevented}
      ></page-header>
      ${this.#main(hotline)}
    `;
  }

  #main(hotline: Hotline): TemplateResult {
    const cells = this.#cells();
    const at = this.#index(cells);
    const cell = cells[at];
    const { heard, last } = this.#running;
    if (cell === undefined) {
      return html`<main class="waiting">
        <waiting-state .connected=${heard} .last=${last}></waiting-state>
      </main>`;
    }
    const { texts } = this.#localized;
    const link = currentLink();
    return html`
      <main>
        <incident-heading .hotline=${hotline} .share=${cell.share}></incident-heading>
        <div
          class="stage"
          @pointerdown=${this.#onDown}
          @pointermove=${this.#onMove}
          @pointerup=${this.#onUp}
          @pointercancel=${this.#onCancel}
        >
          ${repeat([cell], keyOf, () => this.#tile(hotline, cell, true))}
        </div>
        <div class="below">
          ${this.#quality.notice()}
          <nav class="steps">
            <button
              aria-label=${texts.previousCamera}
              ?disabled=${cells.length < 2}
              @click=${() => this.#step(-1)}
            >
              ◀
            </button>
            <span class="digits" aria-live="polite">${texts.cameraOf(at + 1, cells.length)}</span>
            <button
              aria-label=${texts.nextCamera}
              ?disabled=${cells.length < 2}
              @click=${() => this.#step(1)}
            >
              ▶
            </button>
            ${this.#quality.choice()}
          </nav>
        </div>
        <ul class="strip" aria-label=${texts.stripLabel}>
          ${repeat(cells, keyOf, (each, index) =>
            this.#thumb(
              hotline,
              each,
              keyOf(each) === this.selected,
              received(index, at, cells.length, link),
            ),
          )}
        </ul>
      </main>
    `;
  }

  #thumb(hotline: Hotline, cell: Cell, selected: boolean, live: boolean): TemplateResult {
    const name = this.#localized.name(cell.camera);
    return html`
      <li>
        ${live ? this.#tile(hotline, cell, false) : html`<span class="name">${name}</span>`}
        <button
          data-camera=${cell.camera.id}
          aria-label=${this.#localized.texts.enlarge(name)}
          aria-current=${selected ? "true" : nothing}
          @click=${() => this.#select(keyOf(cell))}
        ></button>
      </li>
    `;
  }

  #tile(hotline: Hotline, cell: Cell, large: boolean): TemplateResult {
    const { camera } = cell;
    return html`<camera-tile
      .hotline=${hotline}
      .target=${this.#targets.of(hotline, cell)}
      .name=${this.#localized.name(camera)}
      .caption=${large ? `${distance(camera.distance_m)} ${this.#localized.direction(camera)}` : ""}
      .profile=${large ? null : "sub"}
      .quality=${large ? this.#quality.quality : "auto"}
    ></camera-tile>`;
  }

  #cells(): Cell[] {
    return cellsOf(this.#running.shares);
  }

  #index(cells: readonly Cell[]): number {
    return Math.max(
      0,
      cells.findIndex((cell) => keyOf(cell) === this.selected),
    );
  }

  #select(key: string): void {
    this.selected = key;
    void this.#reveal();
  }

  /** Scrolls the strip to the selected camera. */
  async #reveal(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #step(by: number): void {
    const cells = this.#cells();
    const next = cells.at((this.#index(cells) + by + cells.length) % Math.max(1, cells.length));
    if (next !== undefined) this.#select(keyOf(next));
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "ArrowRight" || event.key === "ArrowDown") this.#step(1);
    else if (event.key === "ArrowLeft" || event.key === "ArrowUp") this.#step(-1);
    else return;
    event.preventDefault();
  };

  readonly #onDown = (event: PointerEvent): void => {
    if (event.target instanceof HTMLButtonElement) return;
    this.#swipeFrom = { id: event.pointerId, x: event.clientX };
  };

  readonly #onMove = (event: PointerEvent): void => {
    if (this.#swipeFrom?.id !== event.pointerId) return;
    this.#shift(event.clientX - this.#swipeFrom.x);
  };

  readonly #onUp = (event: PointerEvent): void => {
    if (this.#swipeFrom?.id !== event.pointerId) return;
    const moved = event.clientX - this.#swipeFrom.x;
    this.#onCancel();
    if (Math.abs(moved) >= SWIPE) this.#step(moved < 0 ? 1 : -1);
  };

  readonly #onCancel = (): void => {
    this.#swipeFrom = null;
    this.#shift(0);
  };

  /** The picture follows the finger, so that it is felt what is going to happen. */
  #shift(pixels: number): void {
    const tile = this.stage?.querySelector("camera-tile");
    if (pixels === 0) tile?.style.removeProperty("transform");
    else tile?.style.setProperty("transform", `translateX(${String(pixels)}px)`);
  }
}
