// <waiting-state>: nothing is shared, and that is all right, or we cannot know because the service is not heard.

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { timeOfDay } from "../core/duration.js";
import type { IncidentSummary } from "../core/model.js";
import { Localized } from "../text/language.js";
import { shared } from "./style.js";

/** The share that was here last. */
export interface Ended {
  readonly incident: IncidentSummary;
  /** Unix ms. */
  readonly at: number;
}

@customElement("waiting-state")
export class WaitingState extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: flex;
        flex-direction: column;
        align-items: center;
        justify-content: center;
        gap: 0.6em;
        height: 100%;
        padding: 24px;
        text-align: center;
        font-size: clamp(18px, 1.6vw, 40px);
      }
      h2 {
        font-size: 1.6em;
        font-weight: 600;
      }
      .ended {
        margin-top: 2em;
        font-size: 0.8em;
      }
    `,
  ];

  /** Whether the service is heard: only then is "nothing" an answer. */
  @property({ attribute: false }) connected = false;
  @property({ attribute: false }) last: Ended | null = null;
  readonly #localized = new Localized(this);

  override render(): TemplateResult {
    const texts = this.#localized.texts;
    if (!this.connected) return html`<h2 class="wrong">${texts.waitingOffline}</h2>`;
    const last = this.last;
    return html`
      <h2>${texts.waitingTitle}</h2>
      <p class="quiet">${texts.waitingHint}</p>
      ${
        last === null
          ? nothing
          : html`<p class="ended quiet">
              ${texts.shareEnded} <span class="digits">${timeOfDay(last.at)}</span> ·
              ${this.#localized.of(last.incident.kind)} · ${last.incident.address ?? last.incident.number}
            </p>`
      }
    `;
  }
}
