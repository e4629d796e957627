// <incident-heading>: which incident a share belongs to, and how long it still runs.

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { countdown } from "../core/duration.js";
import type { Hotline } from "../core/hotline.js";
import type { Share } from "../core/model.js";
import { Localized } from "../text/language.js";
import { Pulse } from "./pulse.js";
import { shared } from "./style.js";

/** From here on the time left is a warning, milliseconds. */
export const SOON = 5 * 60_000;

@customElement("incident-heading")
export class IncidentHeading extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: flex;
        align-items: baseline;
        gap: 0.75em;
        min-width: 0;
        padding: 0.3em 0.7em;
        background: var(--surface);
        font-size: clamp(16px, 1.1vw + 6px, 46px);
        line-height: 1.3;
      }
      .kind {
        flex: none;
        padding: 0 0.45em;
        border-radius: 4px;
        background: var(--wrong);
        color: #1b0503;
        font-weight: 700;
      }
      .address {
        flex: 1;
        min-width: 0;
        overflow: hidden;
        font-weight: 600;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .number {
        flex: none;
        color: var(--quiet);
      }
      .left {
        flex: none;
        font-weight: 700;
      }
      .left .quiet {
        font-weight: 400;
      }
      .left.soon {
        color: var(--warning);
      }
    `,
  ];

  @property({ attribute: false }) hotline: Hotline | null = null;
  @property({ attribute: false }) share: Share | null = null;
  @state() private left = "";
  @state() private soon = false;
  readonly #localized = new Localized(this);

  constructor() {
    super();
    this.addController(new Pulse(this, () => this.#count()));
  }

  override willUpdate(): void {
    this.#count();
  }

  override render(): TemplateResult | typeof nothing {
    if (this.share === null) return nothing;
    const { incident } = this.share;
    return html`
      <span class="kind">${this.#localized.of(incident.kind)}</span>
      <span class="address">${incident.address ?? incident.number}</span>
      ${incident.address === null ? nothing : html`<span class="number digits">${incident.number}</span>`}
      <span class="left digits ${this.soon ? "soon" : ""}"
        ><span class="quiet">${this.#localized.texts.timeLeft}</span> ${this.left}</span
      >
    `;
  }

  #count(): void {
    if (this.share === null || this.hotline === null) return;
    const left = Date.parse(this.share.ends_at) - this.hotline.live.serverNow();
    this.left = countdown(left);
    this.soon = left < SOON;
  }
}
