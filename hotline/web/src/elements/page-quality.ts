// Gives a page the picture quality that its person wants: kept in this browser, chosen in <quality-choice>.

import { html, type ReactiveControllerHost, type TemplateResult } from "lit";
import { keptQuality, type Quality } from "../core/quality.js";
import "./quality-choice.js";

export class PageQuality {
  readonly #host: ReactiveControllerHost;
  readonly #page: string;
  #quality: Quality;

  /** `page`: under which name the choice is kept. */
  constructor(host: ReactiveControllerHost, page: string) {
    this.#host = host;
    this.#page = page;
    this.#quality = keptQuality(page);
  }

  get quality(): Quality {
    return this.#quality;
  }

  /** Where the page has it chosen. */
  choice(): TemplateResult {
    return html`<quality-choice
      .page=${this.#page}
      .quality=${this.#quality}
      @quality-chosen=${this.#chosen}
    ></quality-choice>`;
  }

  readonly #chosen = (event: CustomEvent<Quality>): void => {
    this.#quality = event.detail;
    this.#host.requestUpdate();
  };
}
