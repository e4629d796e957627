// <running-shares>: every running share, its time left, and the two things to do with it: extend and end.
//
// Fires `extend` ({share, minutes}), `end` (id) and `open` (incident id). For tests: data-share on each entry.

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { countdown } from "../core/duration.js";
import type { Hotline } from "../core/hotline.js";
import type { Share } from "../core/model.js";
import { Localized } from "../text/language.js";
import { SOON } from "./incident-heading.js";
import { Pulse } from "./pulse.js";
import { shared } from "./style.js";

const EXTENSION = 30;

@customElement("running-shares")
export class RunningSharesList extends LitElement {
  static override styles = [
    shared,
    css`
      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 4px 12px;
        align-items: center;
        padding: 8px 12px;
        border-top: 1px solid var(--line);
      }
      .what {
        display: block;
        min-height: 0;
        padding: 0;
        border: 0;
        background: none;
        overflow: hidden;
        font-weight: 600;
        text-align: left;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .what:hover {
        text-decoration: underline;
      }
      .who {
        overflow: hidden;
        font-size: 14px;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .left {
        font-size: 20px;
        font-weight: 700;
      }
      .soon {
        color: var(--warning);
      }
      .acts {
        display: flex;
        grid-row: span 2;
        grid-column: 2;
        grid-row-start: 1;
        gap: 8px;
        align-items: center;
      }
      .empty {
        padding: 10px 12px;
        border-top: 1px solid var(--line);
      }
    `,
  ];

  @property({ attribute: false }) hotline: Hotline | null = null;
  @property({ attribute: false }) shares: readonly Share[] = [];
  /** Shares with a request under way. */
  @property({ attribute: false }) busy: ReadonlySet<string> = new Set();
  /** The share that was asked to end, until it is said again. */
  @state() private ending: string | null = null;
  readonly #localized = new Localized(this);
  #second = 0;

  constructor() {
    super();
    this.addController(new Pulse(this, (now) => this.#tick(now)));
  }

  override render(): TemplateResult {
    const { texts } = this.#localized;
    if (this.shares.length === 0) return html`<p class="empty quiet">${texts.noRunningShares}</p>`;
    return html`
      <ul>
        ${repeat(
          this.shares,
          (share) => share.id,
          (share) => this.#entry(share),
        )}
      </ul>
    `;
  }

  #entry(share: Share): TemplateResult {
    const { texts } = this.#localized;
    const left = Date.parse(share.ends_at) - (this.hotline?.live.serverNow() ?? Date.now());
    const units = share.units.map((unit) => this.#localized.name(unit)).join(", ");
    const busy = this.busy.has(share.id);
    const { incident } = share;
    return html`
      <li data-share=${share.id}>
        <button class="what" @click=${() => this.#fire("open", incident.id)}>
          ${this.#localized.of(incident.kind)} · ${incident.address ?? incident.number}
        </button>
        <span class="who quiet">${texts.cameraCount(share.cameras.length)} → ${units}</span>
        <div class="acts">
          ${
            this.ending === share.id
              ? html`
                  <span>${texts.endSure}</span>
                  <button class="danger" ?disabled=${busy} @click=${() => this.#end(share.id)}>
                    ${texts.endNow}
                  </button>
                  <button @click=${() => (this.ending = null)}>${texts.keep}</button>
                `
              : html`
                  <span class="left digits ${left < SOON ? "soon" : ""}">${countdown(left)}</span>
                  <button
                    ?disabled=${busy}
                    @click=${() => this.#fire("extend", { share: share.id, minutes: EXTENSION })}
                  >
                    ${texts.extend(EXTENSION)}
                  </button>
                  <button class="danger" ?disabled=${busy} @click=${() => (this.ending = share.id)}>
                    ${texts.end}
                  </button>
                `
          }
        </div>
      </li>
    `;
  }

  #tick(now: number): void {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.requestUpdate();
    this.#second = second;
  }

  #end(id: string): void {
    this.ending = null;
    this.#fire("end", id);
  }

  #fire(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
