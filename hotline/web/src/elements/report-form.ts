// <report-form>: what was reported, and where. The place comes from the map or from the list of places.
//
// Fires `report` (NewIncident), `cancel`, and `place` (Spot) when another place is chosen from the list.

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { NewIncident } from "../core/api.js";
import type { Named, Place } from "../core/model.js";
import { Localized } from "../text/language.js";
import type { Spot } from "./city-map.js";
import { shared } from "./style.js";

@customElement("report-form")
export class ReportForm extends LitElement {
  static override styles = [
    shared,
    css`
      form {
        display: grid;
        gap: 16px;
      }
      h2 {
        font-size: 20px;
      }
      fieldset {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(120px, 1fr));
        gap: 6px;
        margin: 0;
        padding: 0;
        border: 0;
      }
      legend {
        margin-bottom: 6px;
        padding: 0;
      }
      .field {
        display: grid;
        gap: 6px;
      }
      .kind {
        display: grid;
        position: relative;
        place-items: center;
        min-height: 48px;
        padding: 4px 8px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--raised);
        text-align: center;
        line-height: 1.2;
        cursor: pointer;
      }
      .kind input {
        position: absolute;
        inset: 0;
        min-height: 0;
        opacity: 0;
        cursor: pointer;
      }
      .kind:has(:checked) {
        border-color: var(--action);
        background: var(--action);
        color: var(--action-text);
        font-weight: 700;
      }
      .kind:has(:focus-visible) {
        outline: 3px solid var(--focus);
        outline-offset: 2px;
      }
      .actions {
        display: grid;
        grid-template-columns: 1fr 2fr;
        gap: 8px;
      }
      .primary {
        min-height: 52px;
        font-size: 18px;
      }
    `,
  ];

  @property({ attribute: false }) kinds: readonly Named[] = [];
  @property({ attribute: false }) places: readonly Place[] = [];
  /** Where it is; null until chosen. */
  @property({ attribute: false }) spot: Spot | null = null;
  @property({ attribute: false }) busy = false;
  @property({ attribute: false }) failure = "";
  @state() private kind: string | null = null;
  @query("#address") private address!: HTMLInputElement;
  @query("#number") private number!: HTMLInputElement;
  readonly #localized = new Localized(this);

  override render(): TemplateResult {
    const { texts } = this.#localized;
    const chosen = this.#place();
    return html`
      <form @submit=${this.#submit}>
        <h2>${texts.newIncident}</h2>
        <fieldset>
          <legend>${texts.kind}</legend>
          ${this.kinds.map(
            (kind, index) => html`
              <label class="kind">
                <input
                  type="radio"
                  name="kind"
                  .value=${kind.code}
                  .checked=${this.kind === null ? index === 0 : kind.code === this.kind}
                  @change=${() => (this.kind = kind.code)}
                />
                ${this.#localized.of(kind)}
              </label>
            `,
          )}
        </fieldset>
        <label class="field">
          ${texts.place}
          <select @change=${this.#choosePlace}>
            <option value="" ?selected=${chosen === null}>
              ${this.spot === null ? texts.choosePlace : texts.pointOnMap}
            </option>
            ${this.places.map(
              (place, index) => html`
                <option value=${index} ?selected=${place === chosen}>${this.#localized.name(place)}</option>
              `,
            )}
          </select>
        </label>
        <label class="field">
          ${texts.address}
          <input id="address" maxlength="200" placeholder=${texts.addressHint} autocomplete="off" />
        </label>
        <label class="field">
          ${texts.incidentNumber}
          <input id="number" maxlength="64" placeholder=${texts.incidentNumberHint} autocomplete="off" />
        </label>
        ${this.failure === "" ? nothing : html`<p role="alert" class="wrong">${this.failure}</p>`}
        <div class="actions">
          <button type="button" @click=${this.#cancel}>${texts.cancel}</button>
          <button class="primary" ?disabled=${this.busy || this.spot === null}>
            ${this.busy ? texts.reporting : texts.report}
          </button>
        </div>
      </form>
    `;
  }

  /** The place of the list that the spot is. */
  #place(): Place | null {
    const { spot } = this;
    if (spot === null) return null;
    const same = (place: Place): boolean =>
      place.latitude === spot.latitude && place.longitude === spot.longitude;
    return this.places.find(same) ?? null;
  }

  readonly #choosePlace = (event: Event): void => {
    if (!(event.target instanceof HTMLSelectElement) || event.target.value === "") return;
    const place = this.places[Number(event.target.value)];
    if (place === undefined) return;
    const detail: Spot = { latitude: place.latitude, longitude: place.longitude };
    this.dispatchEvent(new CustomEvent("place", { detail }));
  };

  readonly #cancel = (): void => {
    this.dispatchEvent(new CustomEvent("cancel"));
  };

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const kind = this.kind ?? this.kinds[0]?.code;
    if (this.spot === null || kind === undefined || this.busy) return;
    const place = this.#place();
    const address = this.address.value.trim() || (place === null ? "" : this.#localized.name(place));
    const number = this.number.value.trim();
    const detail: NewIncident = {
      kind,
      ...this.spot,
      ...(address === "" ? {} : { address }),
      ...(number === "" ? {} : { number }),
    };
    this.dispatchEvent(new CustomEvent("report", { detail }));
  };
}
