// <quality-lack>: says that the quality chosen on a page cannot be had, and why; takes no room where it can.
//
// For tests: data-reason on each line.

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { type Lacking, type Quality, qualityName } from "../core/quality.js";
import { Localized } from "../text/language.js";
import { shared } from "./style.js";

@customElement("quality-lack")
export class QualityLack extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: block;
        font-size: inherit;
      }
      p {
        padding: 0.35em 0.75em;
        border-left: 6px solid var(--warning);
        margin-bottom: var(--space-below, 0);
        background: var(--surface);
      }
      strong {
        margin-right: 0.5em;
        color: var(--warning);
      }
    `,
  ];

  @property({ attribute: false }) quality: Quality = "auto";
  @property({ attribute: false }) lacking: readonly Lacking[] = [];
  /** Whether the page shows several cameras in the quality: then it is said how many of them lack it. */
  @property({ attribute: false }) several = false;

  readonly #localized = new Localized(this);

  override render(): TemplateResult {
    // The region is there before its words, and so they are read out.
    return html`<div role="status" aria-live="polite">${this.lacking.map((each) => this.#line(each))}</div>`;
  }

  #line({ lack, cameras }: Lacking): TemplateResult {
    const { texts } = this.#localized;
    const name = texts[qualityName(this.quality)];
    return html`<p data-reason=${lack.reason}>
      <strong>${this.several ? texts.qualityLackingOn(name, cameras) : texts.qualityLacking(name)}</strong>
      <span>${this.#localized.of(lack)}</span>
    </p>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "quality-lack": QualityLack;
  }
}
