// What an element looks at four times a second while it is on the page.

import type { LitElement, ReactiveController } from "lit";
import type { Hotline } from "../core/hotline.js";

interface Host extends LitElement {
  readonly hotline: Hotline | null;
}

/** Calls `look` with the present time at every pulse, from the host's first update on, while it is connected. */
export class Pulse implements ReactiveController {
  readonly #host: Host;
  readonly #look: (now: number) => void;
  #stop: (() => void) | null = null;

  constructor(host: Host, look: (now: number) => void) {
    this.#host = host;
    this.#look = look;
  }

  hostConnected(): void {
    if (this.#host.hasUpdated) this.#follow();
  }

  hostUpdated(): void {
    if (this.#host.isConnected) this.#follow();
  }

  hostDisconnected(): void {
    this.#stop?.();
    this.#stop = null;
  }

  #follow(): void {
    this.#stop ??= this.#host.hotline?.presence.each(this.#look) ?? null;
  }
}
