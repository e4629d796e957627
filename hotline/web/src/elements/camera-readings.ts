// <camera-readings>: what the checks of one camera have found, the newest first.

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { dayAndMinute } from "../core/duration.js";
import type { Hotline } from "../core/hotline.js";
import type { Reading, StreamReading } from "../core/model.js";
import { Localized } from "../text/language.js";
import { readinessMark, readinessMarkStyle, streamText } from "./readiness-mark.js";
import { shared } from "./style.js";

const MOST = 30;

@customElement("camera-readings")
export class CameraReadings extends LitElement {
  static override styles = [
    shared,
    readinessMarkStyle,
    css`
      table {
        width: 100%;
        border-collapse: collapse;
        font-size: 14px;
      }
      th,
      td {
        padding: 7px 8px;
        border-bottom: 1px solid var(--line);
        text-align: left;
        vertical-align: top;
      }
      th {
        color: var(--quiet);
        font-weight: 600;
      }
      .time {
        white-space: nowrap;
      }
      .said {
        display: block;
        margin-top: 3px;
      }
      .mark {
        display: inline-block;
      }
    `,
  ];

  @property({ attribute: false }) hotline: Hotline | null = null;
  @property({ attribute: false }) camera = "";
  /** The newest one that is known: another one is a reason to ask again. */
  @property({ attribute: false }) newest: string | null = null;
  @state() private readings: readonly Reading[] | null = null;
  @state() private failure = "";
  readonly #localized = new Localized(this);

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("camera")) this.readings = null;
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has("hotline") || changed.has("camera") || changed.has("newest")) void this.#load();
  }

  override render(): TemplateResult {
    const { texts } = this.#localized;
    if (this.failure !== "") return html`<p role="alert" class="wrong">${this.failure}</p>`;
    if (this.readings === null) return html`<p role="status" class="quiet">${texts.loading}</p>`;
    if (this.readings.length === 0) return html`<p class="quiet">${texts.neverChecked}</p>`;
    return html`
      <table>
        <thead>
          <tr>
            <th scope="col">${texts.checkTime}</th>
            <th scope="col">${texts.mainStream}</th>
            <th scope="col">${texts.subStream}</th>
          </tr>
        </thead>
        <tbody>
          ${this.readings.map(
            (reading) => html`
              <tr>
                <td class="time digits">${dayAndMinute(Date.parse(reading.at))}</td>
                <td>${this.#stream(reading)}</td>
                <td>
                  ${reading.sub === null ? html`<span class="quiet">${texts.noSubReading}</span>` : this.#stream(reading.sub)}
                </td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    `;
  }

  #stream(reading: StreamReading): TemplateResult {
    const said = streamText(this.#localized, reading);
    return html`${readinessMark(this.#localized, reading)}${
      said === "" ? nothing : html`<span class="said digits">${said}</span>`
    }`;
  }

  async #load(): Promise<void> {
    const { hotline, camera } = this;
    if (hotline === null) return;
    const result = await hotline.api.readings(camera, MOST);
    if (camera !== this.camera || !this.isConnected) return;
    this.failure = "";
    if (result.status === "success") this.readings = result.value.readings;
    else if (result.status === "problem") this.failure = this.#localized.problem(result.problem);
    else this.failure = this.#localized.texts.errorUnreachable;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "camera-readings": CameraReadings;
  }
}
