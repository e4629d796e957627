// <share-panel>: with whom, for how long, for what, by which law. Ready to press at once: every choice has a
// default, the control rooms are chosen already.
//
// Fires `share` (ShareChoice).

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { NewShare } from "../core/api.js";
import type { LegalBasis, Named, Unit, UnitKind } from "../core/model.js";
import { Localized } from "../text/language.js";
import { shared } from "./style.js";

export type ShareChoice = Omit<NewShare, "cameras">;

const DURATIONS = [30, 60, 120, 180] as const;
const USUAL_DURATION = 60;

@customElement("share-panel")
export class SharePanel extends LitElement {
  static override styles = [
    shared,
    css`
      form {
        display: grid;
        gap: 8px;
      }
      fieldset {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
        margin: 0;
        padding: 0;
        border: 0;
      }
      legend,
      .unseen {
        position: absolute;
        clip-path: inset(50%);
        width: 1px;
        height: 1px;
        overflow: hidden;
      }
      .unit {
        display: inline-flex;
        align-items: center;
        gap: 8px;
        min-height: 44px;
        padding: 0 12px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--raised);
        cursor: pointer;
      }
      .unit:has(:checked) {
        border-color: var(--action);
      }
      .unit input {
        width: 20px;
        min-height: 20px;
        margin: 0;
      }
      .marks {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
      }
      .choices {
        display: grid;
        grid-template-columns: 6.5em 1fr 1.6fr;
        gap: 8px;
      }
      .choices label {
        position: relative;
        min-width: 0;
      }
      select {
        font-size: 16px;
        text-overflow: ellipsis;
      }
      .primary {
        min-height: 52px;
        font-size: 20px;
      }
    `,
  ];

  @property({ attribute: false }) units: readonly Unit[] = [];
  @property({ attribute: false }) purposes: readonly Named[] = [];
  @property({ attribute: false }) legalBases: readonly LegalBasis[] = [];
  /** How many cameras are chosen. */
  @property({ attribute: false }) cameraCount = 0;
  @property({ attribute: false }) busy = false;
  @property({ attribute: false }) failure = "";
  @state() private chosen: ReadonlySet<string> = new Set();
  @state() private minutes: number = USUAL_DURATION;
  @state() private purpose: string | null = null;
  @state() private legalBasis: string | null = null;
  @state() private overlay = false;
  @state() private watermark = false;
  readonly #localized = new Localized(this);

  override willUpdate(changed: PropertyValues): void {
    if (!changed.has("units")) return;
    this.chosen = new Set(this.units.filter((unit) => unit.kind === "control_room").map((unit) => unit.id));
  }

  override render(): TemplateResult {
    const { texts } = this.#localized;
    const missing =
      this.cameraCount === 0
        ? texts.chooseCamerasFirst
        : this.chosen.size === 0
          ? texts.chooseUnitsFirst
          : "";
    return html`
      <form @submit=${this.#submit}>
        ${this.units.length === 0 ? html`<p class="wrong">${texts.noUnits}</p>` : nothing}
        <fieldset>
          <legend>${texts.shareWith}</legend>
          ${this.#unitsOf("control_room")} ${this.#unitsOf("vehicle")}
        </fieldset>
        <div class="choices">
          <label>
            <span class="unseen">${texts.duration}</span>
            <select id="minutes" @change=${this.#onMinutes}>
              ${DURATIONS.map(
                (minutes) => html`
                  <option value=${minutes} ?selected=${minutes === this.minutes}>
                    ${texts.minutes(minutes)}
                  </option>
                `,
              )}
            </select>
          </label>
          <label>
            <span class="unseen">${texts.purpose}</span>
            <select id="purpose" @change=${(event: Event) => (this.purpose = valueOf(event))}>
              ${this.purposes.map(
                (purpose) => html`<option value=${purpose.code}>${this.#localized.of(purpose)}</option>`,
              )}
            </select>
          </label>
          <label>
            <span class="unseen">${texts.legalBasis}</span>
            <select id="legal-basis" @change=${(event: Event) => (this.legalBasis = valueOf(event))}>
              ${this.legalBases.map(
                (basis) => html`
                  <option value=${basis.code}>${basis.article} ${this.#localized.of(basis)}</option>
                `,
              )}
            </select>
          </label>
        </div>
        <div class="marks">
          <label class="unit">
            <input
              id="overlay"
              type="checkbox"
              .checked=${this.overlay}
              @change=${() => (this.overlay = !this.overlay)}
            />
            ${texts.overlay}
          </label>
          <label class="unit">
            <input
              id="watermark"
              type="checkbox"
              .checked=${this.watermark}
              @change=${() => (this.watermark = !this.watermark)}
            />
            ${texts.watermark}
          </label>
        </div>
        ${this.failure === "" ? nothing : html`<p role="alert" class="wrong">${this.failure}</p>`}
        <button class="primary" ?disabled=${this.busy || missing !== ""}>
          ${this.busy ? texts.sharing : missing === "" ? texts.shareCameras(this.cameraCount) : missing}
        </button>
      </form>
    `;
  }

  #unitsOf(kind: UnitKind): TemplateResult[] {
    return this.units
      .filter((unit) => unit.kind === kind)
      .map(
        (unit) => html`
          <label class="unit">
            <input
              type="checkbox"
              data-unit=${unit.id}
              .checked=${this.chosen.has(unit.id)}
              @change=${() => this.#toggle(unit.id)}
            />
            ${this.#localized.name(unit)}
          </label>
        `,
      );
  }

  #toggle(id: string): void {
    const chosen = new Set(this.chosen);
    if (!chosen.delete(id)) chosen.add(id);
    this.chosen = chosen;
  }

  readonly #onMinutes = (event: Event): void => {
    this.minutes = Number(valueOf(event));
  };

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const purpose = this.purpose ?? this.purposes[0]?.code;
    const legalBasis = this.legalBasis ?? this.legalBases[0]?.code;
    if (this.busy || purpose === undefined || legalBasis === undefined) return;
    const detail: ShareChoice = {
      units: this.units.filter((unit) => this.chosen.has(unit.id)).map((unit) => unit.id),
      minutes: this.minutes,
      purpose,
      legal_basis: legalBasis,
      overlay: this.overlay,
      watermark: this.watermark,
    };
    this.dispatchEvent(new CustomEvent("share", { detail }));
  };
}

function valueOf(event: Event): string {
  return event.target instanceof HTMLSelectElement ? event.target.value : "";
}
