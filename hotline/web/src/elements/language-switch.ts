// <language-switch>: one button that says the other language's name, in that language.

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { Localized, pageLanguage } from "../text/language.js";
import { shared } from "./style.js";

@customElement("language-switch")
export class LanguageSwitch extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        font-size: inherit;
      }
      button {
        padding: 0 0.75em;
      }
    `,
  ];

  readonly #localized = new Localized(this);

  override render(): TemplateResult {
    const other = this.#localized.language === "ko" ? "en" : "ko";
    return html`
      <button lang=${other} @click=${() => pageLanguage.choose(other)}>
        ${this.#localized.texts.otherLanguage}
      </button>
    `;
  }
}
