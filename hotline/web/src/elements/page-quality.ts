// Gives a page the picture quality that its person wants: kept in this browser, chosen in <quality-choice>; and
// says in <quality-lack> where it cannot be had.

import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import type { Hotline } from "../core/hotline.js";
import { keptQuality, type Lacking, lackingOf, type Quality } from "../core/quality.js";
import "./quality-choice.js";
import "./quality-lack.js";

export class PageQuality implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #page: string;
  readonly #several: boolean;
  #quality: Quality;
  #hotline: Hotline | null = null;
  #lacking: readonly Lacking[] = [];
  #stop: (() => void) | null = null;

  /** `page`: under which name the choice is kept. `several`: whether it is that of more than one picture. */
  constructor(host: ReactiveControllerHost, page: string, several: boolean) {
    this.#host = host;
    this.#page = page;
    this.#several = several;
    this.#quality = keptQuality(page);
    host.addController(this);
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

  /** Where the page says what cannot be had. */
  notice(): TemplateResult {
    return html`<quality-lack
      .quality=${this.#quality}
      .lacking=${this.#lacking}
      .several=${this.#several}
    ></quality-lack>`;
  }

  follow(hotline: Hotline): void {
    this.hostDisconnected();
    this.#hotline = hotline;
    this.#stop = hotline.pool.watch(() => this.#look(hotline));
    this.#look(hotline);
  }

  hostConnected(): void {
    if (this.#hotline !== null && this.#stop === null) this.follow(this.#hotline);
  }

  hostDisconnected(): void {
    this.#stop?.();
    this.#stop = null;
  }

  #look(hotline: Hotline): void {
    // With nothing chosen nothing is lacking, whatever the old connection still says.
    const lacks = this.#quality === "auto" ? [] : [...hotline.pool.lacks().values()];
    if (lacks.length === 0 && this.#lacking.length === 0) return;
    this.#lacking = lackingOf(lacks);
    this.#host.requestUpdate();
  }

  readonly #chosen = (event: CustomEvent<Quality>): void => {
    this.#quality = event.detail;
    this.#lacking = []; // of the quality before
    this.#host.requestUpdate();
  };
}
