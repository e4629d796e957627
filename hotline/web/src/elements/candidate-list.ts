// <candidate-list>: the cameras nearest to an incident, and which of them to share. Those that are chosen are seen
// live, the others by stills.
//
// Fires `choose` (ReadonlySet of ids), `highlight` (id or null) and `turn` (id). For tests: data-camera and
// data-chosen on each entry.

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Hotline } from "../core/hotline.js";
import type { Candidate } from "../core/model.js";
import type { Target } from "../core/pool.js";
import { Turns } from "../core/turns.js";
import { Localized } from "../text/language.js";
import { shared } from "./style.js";
import "./camera-still.js";
import "./camera-tile.js";
import "./view-acceptance.js";

/** Of the browser's six connections to a server, stills take no more than this. */
const STILLS_AT_ONCE = 2;

@customElement("candidate-list")
export class CandidateList extends LitElement {
  static override styles = [
    shared,
    css`
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(168px, 45%), 1fr));
        gap: 6px;
      }
      li {
        position: relative;
        container-type: inline-size;
        overflow: hidden;
        border: 2px solid var(--line);
        border-radius: var(--radius);
        background: var(--raised);
      }
      li[data-chosen] {
        border-color: var(--action);
      }
      li:hover,
      li[data-highlighted] {
        outline: 2px solid var(--focus);
      }
      camera-tile {
        aspect-ratio: 16 / 9;
      }
      label {
        display: flex;
        gap: 6px;
        align-items: start;
        min-height: 44px;
        padding: 5px 6px;
        font-size: 13.5px;
        line-height: 1.25;
        cursor: pointer;
      }
      /* The whole entry is the checkbox's: a big target, and the picture stays unobstructed. */
      label::after {
        position: absolute;
        inset: 0;
        content: "";
      }
      input {
        flex: none;
        width: 22px;
        min-height: 22px;
        margin: 0;
      }
      .turn {
        position: absolute;
        z-index: 1; /* above the label, which covers the entry */
        top: calc(56.25cqw - 48px); /* the picture's lower corner: its name stays to be read */
        right: 4px;
        min-height: 44px;
        padding: 0 10px;
        font-size: 14px;
      }
      view-acceptance {
        position: relative;
        z-index: 1;
        background: var(--raised);
      }
      .rank {
        font-weight: 700;
      }
      .readiness {
        display: inline-block;
        max-width: 100%;
        padding: 0 4px;
        border: 1px solid currentcolor;
        border-radius: 3px;
        color: var(--warning);
        font-weight: 600;
      }
      .readiness[data-readiness="dead"] {
        color: var(--wrong);
      }
      .shared {
        color: var(--live);
        font-weight: 600;
      }
    `,
  ];

  @property({ attribute: false }) hotline: Hotline | null = null;
  @property({ attribute: false }) candidates: readonly Candidate[] = [];
  /** What to receive of each camera that is seen live; empty until the preview is granted. */
  @property({ attribute: false }) targets: ReadonlyMap<string, Target> = new Map();
  @property({ attribute: false }) chosen: ReadonlySet<string> = new Set();
  /** Cameras that a running share of this incident has already. */
  @property({ attribute: false }) sharedAlready: ReadonlySet<string> = new Set();
  @property({ attribute: false }) highlighted: string | null = null;
  /** The preview under which stills are looked at; null until it is granted. */
  @property({ attribute: false }) preview: string | null = null;
  /** Cameras that may be turned by whoever looks, where they are seen live; empty where nobody may. */
  @property({ attribute: false }) turnable: ReadonlySet<string> = new Set();
  readonly #localized = new Localized(this);
  readonly #turns = new Turns(STILLS_AT_ONCE);

  override render(): TemplateResult {
    const { texts } = this.#localized;
    if (this.candidates.length === 0) return html`<p class="quiet">${texts.noCandidates}</p>`;
    return html`
      <ul>
        ${repeat(
          this.candidates,
          ({ camera }) => camera.id,
          (candidate) => this.#entry(candidate),
        )}
      </ul>
    `;
  }

  #entry(candidate: Candidate): TemplateResult {
    const { texts, language } = this.#localized;
    const { camera } = candidate;
    const name = this.#localized.name(camera);
    const chosen = this.chosen.has(camera.id);
    return html`
      <li
        data-camera=${camera.id}
        ?data-chosen=${chosen}
        ?data-highlighted=${camera.id === this.highlighted}
        @pointerenter=${() => this.#fire("highlight", camera.id)}
        @pointerleave=${() => this.#fire("highlight", null)}
      >
        ${
          chosen
            ? html`<camera-tile
                .hotline=${this.hotline}
                .target=${this.targets.get(camera.id) ?? null}
                .name=${name}
                .profile=${"sub"}
              ></camera-tile>`
            : html`<camera-still
                .hotline=${this.hotline}
                .camera=${camera.id}
                .share=${this.preview}
                .name=${name}
                .turns=${this.#turns}
              ></camera-still>`
        }
        ${
          chosen && this.turnable.has(camera.id)
            ? html`<button
                class="turn"
                aria-label=${texts.ptzTurn(name)}
                @click=${() => this.#fire("turn", camera.id)}
              >
                ${texts.ptzTurnShort}
              </button>`
            : nothing
        }
        ${
          chosen
            ? html`<view-acceptance .hotline=${this.hotline} .camera=${camera.id}></view-acceptance>`
            : nothing
        }
        <label>
          <input
            type="checkbox"
            .checked=${chosen}
            aria-label=${texts.chooseCamera(name)}
            @change=${() => this.#toggle(camera.id)}
          />
          <span>
            <span class="rank">${candidate.rank}</span> ${
              language === "ko" ? candidate.reason_ko : candidate.reason_en
            }
            ${this.#badge(candidate)}
            ${
              this.sharedAlready.has(camera.id)
                ? html`<span class="shared">· ${texts.alreadyShared}</span>`
                : nothing
            }
          </span>
        </label>
      </li>
    `;
  }

  /** What the newest check says, where it is something to know before a fire. */
  #badge({ readiness }: Candidate): TemplateResult | typeof nothing {
    const stream = [readiness, readiness?.sub ?? null].find(
      (each) => each !== null && ["dead", "slow"].includes(each.result.code),
    );
    if (stream === undefined || stream === null) return nothing;
    const why = stream.reason ?? stream.findings[0];
    const which = stream === readiness ? "" : `${this.#localized.texts.subStream} `;
    return html`<span class="readiness" data-readiness=${stream.result.code}
        >${which}${this.#localized.of(stream.result)}</span
      >
      ${why === undefined ? nothing : this.#localized.of(why)}`;
  }

  #toggle(id: string): void {
    const chosen = new Set(this.chosen);
    if (!chosen.delete(id)) chosen.add(id);
    this.#fire("choose", chosen);
  }

  #fire(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
