// <quality-choice>: automatic, full or small picture, for the page it stands on; remembered for that page.
// Fires `quality-chosen` when another one was chosen.

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { keepQuality, QUALITIES, type Quality, qualityName } from "../core/quality.js";
import { Localized } from "../text/language.js";
import { shared } from "./style.js";

@customElement("quality-choice")
export class QualityChoice extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: inline-flex;
        font-size: inherit;
      }
      div {
        display: flex;
      }
      button {
        min-height: var(--choice-height, 44px);
        padding: 0 0.75em;
        border-radius: 0;
      }
      button + button {
        border-left-width: 0;
      }
      button:first-child {
        border-radius: var(--radius) 0 0 var(--radius);
      }
      button:last-child {
        border-radius: 0 var(--radius) var(--radius) 0;
      }
      button[aria-checked="true"] {
        border-color: var(--action);
        background: var(--action);
        color: var(--action-text);
        font-weight: 700;
      }
    `,
  ];

  /** Under which name it is remembered. */
  @property({ attribute: false }) page = "";
  @property({ attribute: false }) quality: Quality = "auto";

  readonly #localized = new Localized(this);

  override render(): TemplateResult {
    const { texts } = this.#localized;
    return html`
      <div role="radiogroup" aria-label=${texts.quality} @keydown=${this.#onKey}>
        ${QUALITIES.map(
          (each) => html`
            <button
              role="radio"
              data-quality=${each}
              aria-checked=${String(each === this.quality)}
              tabindex=${each === this.quality ? 0 : -1}
              @click=${() => this.#choose(each)}
            >
              ${texts[qualityName(each)]}
            </button>
          `,
        )}
      </div>
    `;
  }

  #choose(quality: Quality): void {
    if (quality === this.quality) return;
    this.quality = quality;
    keepQuality(this.page, quality);
    this.dispatchEvent(new CustomEvent<Quality>("quality-chosen", { detail: quality }));
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // on the page, arrows go to the next camera
    const next = QUALITIES.at((QUALITIES.indexOf(this.quality) + step) % QUALITIES.length);
    if (next === undefined) return;
    this.#choose(next);
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<HTMLElement>('[aria-checked="true"]')?.focus(),
    );
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "quality-choice": QualityChoice;
  }
}
