// <readiness-list>: every camera with what its newest check found, to be searched, checked anew and chosen.
//
// Fires `choose` (id) and `sweep` (ids, or null for all). For tests: data-camera and data-readiness on each entry,
// data-sweep (running, done or none) on the element itself.

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import {
  EVERYTHING,
  type Found,
  foundOf,
  type Readings,
  RESULTS,
  searched,
  sitesOf,
} from "../core/cameras.js";
import { dayAndMinute } from "../core/duration.js";
import type { InventoryCamera, Sweep } from "../core/model.js";
import { Localized } from "../text/language.js";
import type { Texts } from "../text/ko.js";
import { readinessMark, readinessMarkStyle } from "./readiness-mark.js";
import { shared } from "./style.js";

@customElement("readiness-list")
export class ReadinessList extends LitElement {
  static override styles = [
    shared,
    readinessMarkStyle,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
      }
      .head {
        display: grid;
        gap: 8px;
        padding: 10px 12px;
        border-bottom: 1px solid var(--line);
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 6px;
      }
      .line > input,
      .line > select {
        flex: 1 1 8em;
        width: auto;
        min-width: 0;
      }
      .line > input {
        flex-basis: 100%;
      }
      progress {
        width: 100%;
        height: 10px;
        accent-color: var(--action);
      }
      .small {
        font-size: 14px;
      }
      ul {
        flex: 1;
        min-height: 0;
        overflow: auto;
        scrollbar-width: thin;
        scrollbar-color: var(--line) transparent;
      }
      li button {
        display: grid;
        grid-template-columns: 6.3em minmax(0, 1fr);
        gap: 0 10px;
        align-items: center;
        width: 100%;
        min-height: 52px;
        padding: 5px 12px;
        border: 0;
        border-bottom: 1px solid var(--line);
        border-radius: 0;
        background: none;
        text-align: left;
      }
      li button:hover {
        background: var(--raised);
      }
      li button[aria-current="true"] {
        background: var(--raised);
        box-shadow: inset 4px 0 0 var(--action);
      }
      li button:focus-visible {
        outline-offset: -3px;
      }
      .name {
        overflow: hidden;
        font-weight: 600;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      li .mark {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .about {
        grid-column: 2;
        overflow: hidden;
        font-size: 13.5px;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .bad {
        color: var(--warning);
      }
      .none {
        padding: 12px;
      }
    `,
  ];

  @property({ attribute: false }) cameras: readonly InventoryCamera[] = [];
  @property({ attribute: false }) readings: Readings = new Map();
  @property({ attribute: false }) sweep: Sweep | null = null;
  @property({ attribute: false }) chosen: string | null = null;
  @property({ attribute: false }) busy = false;
  @property({ attribute: false }) failure = "";
  @state() private search = EVERYTHING;
  readonly #localized = new Localized(this);

  override updated(): void {
    this.dataset["sweep"] = this.sweep === null ? "none" : this.sweep.ended_at === null ? "running" : "done";
  }

  override render(): TemplateResult {
    const { texts } = this.#localized;
    const shown = searched(this.cameras, this.readings, this.search);
    return html`
      <div class="head">${this.#filters(texts)} ${this.#checking(texts, shown.length)}</div>
      <ul aria-label=${texts.camerasPage}>
        ${repeat(
          shown,
          ({ id }) => id,
          (camera) => this.#entry(camera, texts),
        )}
        ${shown.length === 0 ? html`<li class="none quiet">${texts.noCamerasFound}</li>` : nothing}
      </ul>
    `;
  }

  #filters(texts: Texts): TemplateResult {
    const names = new Map<Found, string>();
    for (const { result } of this.readings.values()) names.set(result.code, this.#localized.of(result));
    names.set("unknown", texts.unchecked);
    return html`
      <div class="line">
        <input
          type="search"
          placeholder=${texts.findCamera}
          aria-label=${texts.findCamera}
          maxlength="100"
          @input=${(event: Event) => this.#narrow({ words: valueOf(event) })}
        />
        <select
          data-filter="site"
          aria-label=${texts.allSites}
          @change=${(event: Event) => this.#narrow({ site: valueOf(event) })}
        >
          <option value="">${texts.allSites}</option>
          ${sitesOf(this.cameras).map((site) => html`<option value=${site}>${site}</option>`)}
        </select>
        <select
          data-filter="result"
          aria-label=${texts.allResults}
          @change=${(event: Event) =>
            this.#narrow({ result: RESULTS.find((each) => each === valueOf(event)) ?? "" })}
        >
          <option value="">${texts.allResults}</option>
          ${RESULTS.filter((each) => names.has(each)).map(
            (each) => html`<option value=${each}>${names.get(each)}</option>`,
          )}
        </select>
      </div>
    `;
  }

  #checking(texts: Texts, shown: number): TemplateResult {
    const { sweep } = this;
    const { site } = this.search;
    const running = sweep !== null && sweep.ended_at === null;
    const ofSite = this.cameras.filter((camera) => camera.site === site).map(({ id }) => id);
    return html`
      <div class="line">
        <button
          class="primary"
          data-act="sweep"
          ?disabled=${this.busy || running || this.cameras.length === 0}
          @click=${() => this.#fire("sweep", site === "" ? null : ofSite)}
        >
          ${site === "" ? texts.sweepAll(this.cameras.length) : texts.sweepSite(site, ofSite.length)}
        </button>
        <span class="quiet small digits">${texts.camerasShown(shown, this.cameras.length)}</span>
      </div>
      ${
        sweep === null
          ? nothing
          : html`
              ${running ? html`<progress max=${sweep.total} value=${sweep.done}></progress>` : nothing}
              <p class="small digits" role="status">${this.#progress(sweep, texts)}</p>
            `
      }
      ${this.failure === "" ? nothing : html`<p role="alert" class="wrong">${this.failure}</p>`}
    `;
  }

  #progress(sweep: Sweep, texts: Texts): string {
    const words = [
      sweep.ended_at === null ? texts.sweeping(sweep.done, sweep.total) : texts.swept(sweep.total),
    ];
    for (const code of RESULTS) {
      if (code === "unknown" || sweep.results[code] === 0) continue;
      words.push(`${texts.results[code]} ${String(sweep.results[code])}`);
    }
    if (sweep.skipped > 0) words.push(texts.sweepSkipped(sweep.skipped));
    return words.join(" · ");
  }

  #entry(camera: InventoryCamera, texts: Texts): TemplateResult {
    const reading = this.readings.get(camera.id) ?? null;
    const why = reading?.reason ?? reading?.findings[0] ?? null;
    const small = reading?.sub ?? null;
    const about = [
      camera.site,
      reading === null ? texts.neverChecked : texts.checkedAt(dayAndMinute(Date.parse(reading.at))),
      ...(camera.masked ? [texts.masked] : []),
    ].join(" · ");
    const bad = [
      ...(why === null ? [] : [this.#localized.of(why)]),
      ...(small !== null && ["dead", "slow"].includes(small.result.code)
        ? [`${texts.subStream} ${this.#localized.of(small.result)}`]
        : []),
    ].join(" · ");
    return html`
      <li>
        <button
          data-camera=${camera.id}
          data-readiness=${foundOf(camera.id, this.readings)}
          aria-current=${camera.id === this.chosen ? "true" : "false"}
          @click=${() => this.#fire("choose", camera.id)}
        >
          ${readinessMark(this.#localized, reading)}
          <span class="name">${this.#localized.name(camera)}</span>
          <span class="about quiet digits"
            >${bad === "" ? nothing : html`<span class="bad">${bad}</span> · `}${about}</span
          >
        </button>
      </li>
    `;
  }

  #narrow(change: Partial<typeof EVERYTHING>): void {
    this.search = { ...this.search, ...change };
  }

  #fire(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function valueOf({ target }: Event): string {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement ? target.value : "";
}

declare global {
  interface HTMLElementTagNameMap {
    "readiness-list": ReadinessList;
  }
}
