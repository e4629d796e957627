// How every page begins: find out who is signed in, say so if nobody answers, keep trying.

import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import { LONGEST_PAUSE } from "../core/backoff.js";
import { type Hotline, openHotline } from "../core/hotline.js";
import type { Problem } from "../core/model.js";
import { type Localized, pageLanguage } from "../text/language.js";

export class PageFrame implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #onOpen: (hotline: Hotline) => void;
  #hotline: Hotline | null = null;
  #failure: Problem | "unreachable" | null = null;
  #begun = false;

  constructor(host: ReactiveControllerHost, onOpen: (hotline: Hotline) => void) {
    this.#host = host;
    this.#onOpen = onOpen;
    host.addController(this);
  }

  get hotline(): Hotline | null {
    return this.#hotline;
  }

  hostConnected(): void {
    if (this.#begun) return;
    this.#begun = true;
    document.documentElement.lang = pageLanguage.current;
    void this.#open();
  }

  /** What stands on the page until somebody is known. */
  opening(localized: Localized): TemplateResult {
    const { texts } = localized;
    if (this.#failure === null) return html`<p role="status">${texts.loading}</p>`;
    const words = this.#failure === "unreachable" ? texts.errorUnreachable : localized.problem(this.#failure);
    return html`<p role="alert" class="wrong">${words}</p>`;
  }

  async #open(): Promise<void> {
    for (;;) {
      const result = await openHotline();
      if (result.status === "success") {
        this.#hotline = result.value;
        this.#onOpen(result.value);
        this.#host.requestUpdate();
        return;
      }
      if (result.status === "problem" && result.problem.status === 401) return; // on the way to sign in
      this.#failure = result.status === "problem" ? result.problem : "unreachable";
      this.#host.requestUpdate();
      await new Promise((resolve) => {
        setTimeout(resolve, LONGEST_PAUSE);
      });
    }
  }
}
