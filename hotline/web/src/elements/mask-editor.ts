// <mask-editor>: what nobody may see of one camera. A still, the masks on it, and saving them.
//
// Each still is on record: one when the editor opens, one after saving, one when it is asked for. Fires `unsaved`
// (boolean), `saved` (boolean: whether there are any) and `close`. For tests: data-masks (how many are saved), data-unsaved.

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { KeptMasks, Result } from "../core/api.js";
import { timeOfDay } from "../core/duration.js";
import type { Hotline } from "../core/hotline.js";
import {
  added,
  cornerAdded,
  cornerRemoved,
  Drawing,
  fresh,
  MOST_CORNERS,
  MOST_MASKS,
  removed,
  type Shapes,
} from "../core/mask-shapes.js";
import { Localized } from "../text/language.js";
import type { Texts } from "../text/ko.js";
import type { Drawn, MaskStage, Selected } from "./mask-stage.js";
import { shared } from "./style.js";
import "./mask-stage.js";

const NONE: Selected = { mask: null, corner: null };
const CHANGED_MEANWHILE = 412;

@customElement("mask-editor")
export class MaskEditor extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: 8px;
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 6px;
      }
      .grow {
        flex: 1;
      }
      .line button {
        padding: 0 12px;
      }
      mask-stage {
        --stage-height: calc(100dvh - 21.5rem);
      }
      .stage {
        display: grid;
        min-height: 180px;
        background: #000;
      }
      .stage > p {
        align-self: center;
        padding: 12px;
        text-align: center;
      }
      .hint {
        font-size: 14px;
      }
      .unsaved {
        color: var(--warning);
        font-weight: 600;
      }
      .good {
        color: var(--live);
      }
    `,
  ];

  @property({ attribute: false }) hotline: Hotline | null = null;
  /** Another camera wants another element. */
  @property({ attribute: false }) camera = "";
  @property({ attribute: false }) name = "";
  /** Whether the camera can be turned: masks end that. */
  @property({ attribute: false }) turnable = false;
  @state() private kept: KeptMasks | null = null;
  @state() private drawing = new Drawing([]);
  @state() private selected: Selected = NONE;
  @state() private picture: string | null = null;
  @state() private taken = 0;
  @state() private outlined = true;
  @state() private busy = false;
  @state() private saving = false;
  @state() private failure = "";
  @state() private notice = "";
  /** Somebody else changed the masks meanwhile. */
  @state() private stale = false;
  @query("mask-stage") private stage!: MaskStage;

  readonly #localized = new Localized(this);
  /** The drawing before the drag that is under way. */
  #begin: Drawing | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("beforeunload", this.#onLeave);
    if (this.hasUpdated) void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("beforeunload", this.#onLeave);
    this.#show(null);
  }

  override firstUpdated(): void {
    void this.#load();
  }

  override updated(): void {
    const unsaved = this.drawing.changed;
    if (unsaved !== this.hasAttribute("data-unsaved")) {
      this.toggleAttribute("data-unsaved", unsaved);
      this.dispatchEvent(new CustomEvent<boolean>("unsaved", { detail: unsaved }));
    }
    this.dataset["masks"] = this.kept === null ? "" : String(this.kept.masks.length);
  }

  override render(): TemplateResult {
    const { texts } = this.#localized;
    const { shapes } = this.drawing;
    return html`
      <div class="line">
        <button @click=${() => this.dispatchEvent(new CustomEvent("close"))}>← ${texts.close}</button>
        <strong class="grow">${this.name} · ${texts.masks}</strong>
        ${
          this.picture === null
            ? nothing
            : html`<span class="quiet digits">${texts.stillOf(timeOfDay(this.taken))}</span>`
        }
        <button ?disabled=${this.busy} @click=${() => void this.#look()}>${texts.stillAgain}</button>
      </div>
      <div class="stage">
        ${
          this.picture === null
            ? html`<p class="quiet">${this.busy ? texts.stillWaiting : texts.noPictureYet}</p>`
            : html`<mask-stage
                .shapes=${shapes}
                .selected=${this.selected}
                .picture=${this.picture}
                .outlined=${this.outlined}
                @draw=${this.#onDraw}
                @select=${(event: CustomEvent<Selected>) => (this.selected = event.detail)}
              ></mask-stage>`
        }
      </div>
      ${this.#tools(texts)}
      ${this.failure === "" ? nothing : html`<p role="alert" class="wrong">${this.failure}</p>`}
      ${this.notice === "" ? nothing : html`<p role="status" class="good">${this.notice}</p>`}
      <div class="line">
        <button
          class="primary"
          data-act="save"
          ?disabled=${this.busy || this.stale || !this.drawing.changed}
          @click=${() => void this.#save()}
        >
          ${this.saving ? texts.masksSaving : texts.masksSave}
        </button>
        <button ?disabled=${this.busy || !this.drawing.changed} @click=${() => this.#discard()}>
          ${texts.masksDiscard}
        </button>
        ${this.stale ? html`<button @click=${() => void this.#load()}>${texts.masksReload}</button>` : nothing}
        <span class="digits">${texts.masksCount(shapes.length)}</span>
        ${this.drawing.changed ? html`<span class="unsaved">${texts.masksUnsaved}</span>` : nothing}
      </div>
      <p class="quiet hint">
        ${texts.masksHow} ${texts.masksLaw} ${this.turnable ? texts.masksTurnable : nothing}
      </p>
    `;
  }

  #tools(texts: Texts): TemplateResult {
    const { shapes } = this.drawing;
    const { mask, corner } = this.selected;
    const corners = mask === null ? 0 : (shapes[mask]?.length ?? 0);
    const off = this.busy || this.picture === null || !this.outlined;
    return html`
      <div class="line" role="group" aria-label=${texts.masks}>
        <button
          data-act="add"
          ?disabled=${off || shapes.length >= MOST_MASKS}
          @click=${() => this.#add(added(shapes, fresh(shapes.length)))}
        >
          ${texts.maskAdd}
        </button>
        <button
          ?disabled=${off || mask === null || corners >= MOST_CORNERS}
          @click=${() => mask !== null && this.#step(cornerAdded(shapes, mask, corner ?? 0))}
        >
          ${texts.cornerAdd}
        </button>
        <button
          ?disabled=${off || mask === null || corner === null || corners <= 3}
          @click=${() => mask !== null && corner !== null && this.#removeCorner(mask, corner)}
        >
          ${texts.cornerRemove}
        </button>
        <button
          data-act="remove"
          ?disabled=${off || mask === null}
          @click=${() => mask !== null && this.#remove(mask)}
        >
          ${texts.maskRemove}
        </button>
        <button ?disabled=${off || !this.drawing.undoable} @click=${() => this.#undo()}>${texts.undo}</button>
        <span class="grow"></span>
        <button
          aria-pressed=${this.outlined ? "false" : "true"}
          ?disabled=${this.picture === null}
          @click=${() => (this.outlined = !this.outlined)}
        >
          ${this.outlined ? texts.outlinesHide : texts.outlinesShow}
        </button>
      </div>
    `;
  }

  readonly #onDraw = ({ detail }: CustomEvent<Drawn>): void => {
    this.notice = "";
    this.#begin ??= this.drawing;
    if (detail.done) {
      this.drawing = this.#begin.with(detail.shapes);
      this.#begin = null;
    } else this.drawing = this.drawing.dragged(detail.shapes, this.#begin);
  };

  #step(shapes: Shapes): void {
    this.notice = "";
    this.drawing = this.drawing.with(shapes);
  }

  #add(shapes: Shapes): void {
    this.#step(shapes);
    this.selected = { mask: shapes.length - 1, corner: null };
    void this.#focus();
  }

  async #focus(): Promise<void> {
    await this.updateComplete; // the stage has the masks then
    await this.stage.focusOn(this.selected);
  }

  #remove(mask: number): void {
    this.#step(removed(this.drawing.shapes, mask));
    this.selected = NONE;
  }

  #removeCorner(mask: number, corner: number): void {
    this.#step(cornerRemoved(this.drawing.shapes, mask, corner));
    this.selected = { mask, corner: null };
  }

  #undo(): void {
    this.drawing = this.drawing.undone();
    this.selected = NONE;
  }

  #discard(): void {
    this.drawing = this.drawing.with(this.drawing.saved);
    this.selected = NONE;
  }

  /** The masks that are kept now, and a still; what was drawn is gone. */
  async #load(): Promise<void> {
    const { hotline } = this;
    if (hotline === null) return;
    this.#show(null);
    this.notice = "";
    const kept = await this.#busily(() => hotline.api.masks(this.camera));
    if (kept === null) return;
    this.#keep(kept);
    await this.#look();
  }

  async #look(): Promise<boolean> {
    const { hotline, camera } = this;
    if (hotline === null) return false;
    const still = await this.#busily(() => hotline.api.maskStill(camera));
    if (still === null || camera !== this.camera || !this.isConnected) return false;
    this.#show(still.picture);
    this.taken = still.taken;
    return true;
  }

  async #save(): Promise<void> {
    const { hotline, kept } = this;
    const { shapes } = this.drawing;
    if (hotline === null || kept === null) return;
    this.saving = true;
    const saved = await this.#busily(() => hotline.api.setMasks(this.camera, shapes, kept.etag));
    this.saving = false;
    if (saved === null) return;
    this.#keep(saved);
    this.dispatchEvent(new CustomEvent<boolean>("saved", { detail: saved.masks.length > 0 }));
    const { texts } = this.#localized;
    this.notice = (await this.#look()) ? texts.masksSaved : texts.masksSavedUnseen;
  }

  #keep(kept: KeptMasks): void {
    this.kept = kept;
    this.drawing = new Drawing(kept.masks);
    this.#begin = null;
    this.selected = NONE;
    this.stale = false;
  }

  #show(picture: Blob | null): void {
    if (this.picture !== null) URL.revokeObjectURL(this.picture);
    this.picture = picture === null ? null : URL.createObjectURL(picture);
  }

  async #busily<T>(act: () => Promise<Result<T>>): Promise<T | null> {
    if (this.busy) return null;
    this.busy = true;
    this.failure = "";
    this.notice = "";
    const result = await act();
    this.busy = false;
    if (result.status === "success") return result.value;
    if (result.status === "problem") {
      this.failure = this.#localized.problem(result.problem);
      this.stale = result.problem.status === CHANGED_MEANWHILE;
    } else this.failure = this.#localized.texts.errorUnreachable;
    return null;
  }

  readonly #onLeave = (event: BeforeUnloadEvent): void => {
    if (this.drawing.changed) event.preventDefault(); // the browser asks, in its own words
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "mask-editor": MaskEditor;
  }
}
