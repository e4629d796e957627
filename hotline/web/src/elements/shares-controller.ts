// Gives an element the running shares, renders it anew when they change, and remembers which ended last.

import type { ReactiveController, ReactiveControllerHost } from "lit";
import { PATH_LIMIT } from "../core/freshness.js";
import type { Hotline } from "../core/hotline.js";
import type { Share } from "../core/model.js";
import type { Ended } from "./waiting-state.js";

export class RunningShares implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  #hotline: Hotline | null = null;
  #shares: readonly Share[] = [];
  #last: Ended | null = null;
  #heard = false;
  #stops: (() => void)[] = [];

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  get shares(): readonly Share[] {
    return this.#shares;
  }

  get last(): Ended | null {
    return this.#last;
  }

  /** Whether the service is heard right now. */
  get heard(): boolean {
    return this.#heard;
  }

  follow(hotline: Hotline): void {
    this.hostDisconnected();
    this.#hotline = hotline;
    const { live, presence } = hotline;
    this.#stops = [
      live.subscribe((change) => {
        if (change === "world") this.#look(hotline);
      }),
      presence.each((now) => {
        const heard = live.world.known && live.feedsAt !== null && now - live.feedsAt <= PATH_LIMIT;
        if (heard !== this.#heard) {
          this.#heard = heard;
          this.#host.requestUpdate();
        }
      }),
    ];
    this.#look(hotline);
  }

  hostConnected(): void {
    if (this.#hotline !== null && this.#stops.length === 0) this.follow(this.#hotline);
  }

  hostDisconnected(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }

  #look(hotline: Hotline): void {
    const { shares } = hotline.live.world;
    const gone = this.#shares.find((share) => !shares.has(share.id));
    if (gone !== undefined) this.#last = { incident: gone.incident, at: hotline.live.serverNow() };
    this.#shares = [...shares.values()];
    this.#host.requestUpdate();
  }
}
