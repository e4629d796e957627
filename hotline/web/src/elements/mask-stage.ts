// <mask-stage>: a camera's still with its privacy masks as outlines, to be drawn by mouse, touch and keyboard.
//
// Fires `draw` (Drawn) at each change, `select` (Selected) when another mask or corner is meant. Keeps no masks of
// its own. For tests: data-mask on each polygon, data-corner on the corners of the one that is selected.

import { css, html, LitElement, nothing, type PropertyValues, svg, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import {
  added,
  type Corner,
  cornerAdded,
  cornerMoved,
  cornerRemoved,
  middles,
  moved,
  type Polygon,
  rectangle,
  removed,
  type Shapes,
  within,
} from "../core/mask-shapes.js";
import { Localized } from "../text/language.js";
import { shared } from "./style.js";

/** How far an arrow key moves, as a share of the picture; with Shift. */
const STEP = 0.005;
const LARGE_STEP = 0.05;
/** Radius of a corner as it is seen, of a corner as it is touched, CSS pixels. */
const SEEN = 8;
const TOUCHED = 22;

export interface Drawn {
  readonly shapes: Shapes;
  /** False in the middle of a drag. */
  readonly done: boolean;
}

export interface Selected {
  readonly mask: number | null;
  readonly corner: number | null;
}

type Grip =
  | { readonly kind: "mask"; readonly mask: number }
  | { readonly kind: "corner"; readonly mask: number; readonly corner: number }
  | { readonly kind: "nothing" };

interface Drag {
  readonly pointer: number;
  readonly grip: Grip;
  readonly from: Corner;
  /** The masks that it moves, and those before it, which are another where it began with a new corner. */
  readonly begin: Shapes;
  readonly before: Shapes;
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

@customElement("mask-stage")
export class MaskStage extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: block;
        position: relative;
        width: min(100%, var(--stage-height, 60dvh) * var(--stage-ratio, 1.7778));
        aspect-ratio: var(--stage-ratio, 1.7778);
        margin: 0 auto;
        background: #000;
      }
      img,
      svg {
        position: absolute;
        inset: 0;
        display: block;
        width: 100%;
        height: 100%;
      }
      svg {
        cursor: crosshair;
        touch-action: none; /* a finger draws; the page scrolls beside the picture */
        user-select: none;
      }
      polygon {
        fill: rgb(242 179 61 / 0.16);
        stroke: var(--action);
        stroke-width: 2;
        cursor: move;
      }
      polygon[data-selected] {
        fill: rgb(124 196 255 / 0.2);
        stroke: var(--focus);
        stroke-width: 3;
      }
      .new {
        stroke-dasharray: 6 4;
        pointer-events: none;
      }
      .seen {
        fill: var(--ground);
        stroke: var(--focus);
        stroke-width: 3;
        pointer-events: none;
      }
      g[data-selected] .seen {
        fill: var(--focus);
      }
      .touched {
        fill: transparent;
        cursor: grab;
      }
      .plus {
        stroke: var(--focus);
        stroke-width: 2;
        fill: rgb(11 15 20 / 0.75);
        pointer-events: none;
      }
      polygon:focus,
      g:focus {
        outline: none;
      }
      polygon:focus-visible {
        stroke: #fff;
      }
      g:focus-visible .seen {
        stroke: #fff;
        stroke-width: 4;
      }
    `,
  ];

  @property({ attribute: false }) shapes: Shapes = [];
  @property({ attribute: false }) selected: Selected = { mask: null, corner: null };
  /** The still; null until there is one. */
  @property({ attribute: false }) picture: string | null = null;
  /** Whether the masks are outlined; without, the picture is as everybody sees it. */
  @property({ attribute: false }) outlined = true;
  @state() private size: readonly [number, number] = [1, 1];
  @state() private dragging: Drag | null = null;
  @state() private drawn: Polygon | null = null;
  @query("svg") private surface!: SVGSVGElement | null;

  readonly #localized = new Localized(this);
  readonly #sized = new ResizeObserver(() => {
    this.size = [Math.max(1, this.clientWidth), Math.max(1, this.clientHeight)];
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sized.disconnect();
  }

  override updated(changed: PropertyValues): void {
    if (changed.has("outlined") && !this.outlined) this.dragging = null;
  }

  override render(): TemplateResult {
    const { texts } = this.#localized;
    const [width, height] = this.size;
    return html`
      ${this.picture === null ? nothing : html`<img src=${this.picture} alt="" @load=${this.#onLoad} />`}
      ${
        this.outlined && this.picture !== null
          ? html`<svg
              viewBox="0 0 ${width} ${height}"
              role="group"
              aria-label=${texts.maskStage}
              @pointerdown=${this.#onDown}
              @pointermove=${this.#onMove}
              @pointerup=${this.#onUp}
              @pointercancel=${this.#onCancel}
              @keydown=${this.#onKey}
            >
              ${this.shapes.map((polygon, index) => this.#polygon(polygon, index))}
              ${this.drawn === null ? nothing : svg`<polygon class="new" points=${this.#points(this.drawn)} />`}
              ${this.#handles()}
            </svg>`
          : nothing
      }
    `;
  }

  /** Puts the keyboard on a mask, or on one of its corners. */
  async focusOn({ mask, corner }: Selected): Promise<void> {
    await this.updateComplete;
    const what = corner === null ? `[data-mask="${String(mask)}"]` : `[data-corner="${String(corner)}"]`;
    this.renderRoot.querySelector<SVGElement>(what)?.focus();
  }

  #polygon(polygon: Polygon, index: number): TemplateResult {
    return svg`<polygon
      data-mask=${index}
      ?data-selected=${index === this.selected.mask}
      points=${this.#points(polygon)}
      tabindex="0"
      role="button"
      aria-pressed=${index === this.selected.mask ? "true" : "false"}
      aria-label=${this.#localized.texts.maskName(index + 1)}
      @focus=${() => {
        if (this.selected.mask !== index) this.#select({ mask: index, corner: null });
      }}
    />`;
  }

  /** Of the mask that is selected: its corners, and where new ones would be. */
  #handles(): TemplateResult | typeof nothing {
    const { mask } = this.selected;
    const polygon = mask === null ? undefined : this.shapes[mask];
    if (mask === null || polygon === undefined) return nothing;
    return svg`
      ${middles(polygon).map((place, index) => {
        const [x, y] = this.#at(place);
        return svg`<g data-middle=${index}>
          <circle class="touched" data-middle=${index} cx=${x} cy=${y} r=${TOUCHED - 6} />
          <circle class="plus" cx=${x} cy=${y} r=${SEEN} />
          <path class="plus" d="M${x - 4} ${y}h8M${x} ${y - 4}v8" />
        </g>`;
      })}
      ${polygon.map((place, index) => {
        const [x, y] = this.#at(place);
        return svg`<g
          data-corner=${index}
          ?data-selected=${index === this.selected.corner}
          tabindex="0"
          role="button"
          aria-label=${this.#localized.texts.maskCorner(mask + 1, index + 1, percent(place[0]), percent(place[1]))}
          @focus=${() => {
            if (this.selected.corner !== index) this.#select({ mask, corner: index });
          }}
        >
          <circle class="touched" data-corner=${index} cx=${x} cy=${y} r=${TOUCHED} />
          <circle class="seen" cx=${x} cy=${y} r=${SEEN} />
        </g>`;
      })}
    `;
  }

  #at([x, y]: Corner): readonly [number, number] {
    return [x * this.size[0], y * this.size[1]];
  }

  #points(polygon: Polygon): string {
    return polygon.map((corner) => this.#at(corner).join(",")).join(" ");
  }

  readonly #onLoad = (event: Event): void => {
    if (!(event.target instanceof HTMLImageElement) || event.target.naturalHeight === 0) return;
    const ratio = event.target.naturalWidth / event.target.naturalHeight;
    this.style.setProperty("--stage-ratio", String(ratio));
  };

  #place(event: PointerEvent): Corner {
    const box = this.surface?.getBoundingClientRect();
    if (box === undefined || box.width === 0 || box.height === 0) return [0, 0];
    return within((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }

  readonly #onDown = (event: PointerEvent): void => {
    if (event.button !== 0 || this.dragging !== null || this.surface === null) return;
    event.preventDefault();
    const from = this.#place(event);
    const before = this.shapes;
    let begin = before;
    let grip = this.#gripOf(event.target);
    if (grip.kind === "middle") {
      const { mask, corner } = grip;
      const more = cornerAdded(begin, mask, corner);
      if (more === begin) return;
      this.#draw(more, false);
      begin = more;
      grip = { kind: "corner", mask, corner: corner + 1 };
    }
    this.surface.setPointerCapture(event.pointerId);
    this.dragging = { pointer: event.pointerId, grip, from, begin, before };
    const selected = {
      mask: grip.kind === "nothing" ? null : grip.mask,
      corner: grip.kind === "corner" ? grip.corner : null,
    };
    this.#select(selected);
    if (selected.mask !== null) void this.focusOn(selected);
  };

  readonly #onMove = (event: PointerEvent): void => {
    const drag = this.dragging;
    if (drag?.pointer !== event.pointerId) return;
    const to = this.#place(event);
    if (drag.grip.kind === "nothing") this.drawn = rectangle(drag.from, to);
    else this.#draw(this.#dragged(drag, to), false);
  };

  readonly #onUp = (event: PointerEvent): void => {
    const drag = this.dragging;
    if (drag?.pointer !== event.pointerId) return;
    this.dragging = null;
    this.drawn = null;
    const to = this.#place(event);
    if (drag.grip.kind !== "nothing") {
      this.#draw(this.#dragged(drag, to), true);
      return;
    }
    const polygon = rectangle(drag.from, to);
    if (polygon === null) return;
    const more = added(drag.begin, polygon);
    this.#draw(more, true);
    if (more !== drag.begin) this.#select({ mask: more.length - 1, corner: null });
  };

  readonly #onCancel = (event: PointerEvent): void => {
    const drag = this.dragging;
    if (drag?.pointer !== event.pointerId) return;
    this.dragging = null;
    this.drawn = null;
    if (drag.grip.kind !== "nothing") this.#draw(drag.before, true);
  };

  #dragged({ grip, from, begin }: Drag, to: Corner): Shapes {
    if (grip.kind === "mask") return moved(begin, grip.mask, to[0] - from[0], to[1] - from[1]);
    if (grip.kind === "corner") return cornerMoved(begin, grip.mask, grip.corner, to);
    return begin;
  }

  #gripOf(target: EventTarget | null): Grip | { kind: "middle"; mask: number; corner: number } {
    if (!(target instanceof SVGElement)) return { kind: "nothing" };
    const { mask, corner, middle } = target.dataset;
    const selected = this.selected.mask;
    if (mask !== undefined) return { kind: "mask", mask: Number(mask) };
    if (selected === null) return { kind: "nothing" };
    if (corner !== undefined) return { kind: "corner", mask: selected, corner: Number(corner) };
    if (middle !== undefined) return { kind: "middle", mask: selected, corner: Number(middle) };
    return { kind: "nothing" };
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const { mask, corner } = this.selected;
    if (mask === null || event.ctrlKey || event.altKey || event.metaKey) return;
    const arrow = ARROWS[event.key];
    if (arrow !== undefined) {
      const step = event.shiftKey ? LARGE_STEP : STEP;
      const [dx, dy] = [arrow[0] * step, arrow[1] * step];
      const place = corner === null ? undefined : this.shapes[mask]?.[corner];
      this.#draw(
        corner === null || place === undefined
          ? moved(this.shapes, mask, dx, dy)
          : cornerMoved(this.shapes, mask, corner, [place[0] + dx, place[1] + dy]),
        true,
      );
    } else if (event.key === "Delete" || event.key === "Backspace") {
      if (corner === null) {
        this.#draw(removed(this.shapes, mask), true);
        this.#select({ mask: null, corner: null });
      } else this.#draw(cornerRemoved(this.shapes, mask, corner), true);
    } else if (event.key === "+" || event.key === "=") {
      this.#draw(cornerAdded(this.shapes, mask, corner ?? 0), true);
    } else if (event.key === "Escape") {
      this.#select({ mask: corner === null ? null : mask, corner: null });
      if (corner !== null) void this.focusOn({ mask, corner: null });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  #draw(shapes: Shapes, done: boolean): void {
    this.dispatchEvent(new CustomEvent<Drawn>("draw", { detail: { shapes, done } }));
  }

  #select(selected: Selected): void {
    this.dispatchEvent(new CustomEvent<Selected>("select", { detail: selected }));
  }
}

function percent(value: number): number {
  return Math.round(value * 100);
}

declare global {
  interface HTMLElementTagNameMap {
    "mask-stage": MaskStage;
  }
}
