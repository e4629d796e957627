// What a page knows right now: the world, the server's clock, and how old that knowledge is. One per page; the
// elements subscribe. No rendering.

import { SharedEvents } from "./events.js";
import type { StreamStatus } from "./event-stream.js";
import type { Feed } from "./model.js";
import { ServerClock } from "./server-clock.js";
import type { ServerEvent } from "./sse.js";
import { apply, EMPTY, snapshotOf, type World } from "./world.js";

export type Change = "world" | "feeds" | "status";

export class Live {
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #clock = new ServerClock();
  #events: SharedEvents | null = null;
  #world: World = EMPTY;
  #feedsAt: number | null = null;
  #status: StreamStatus = "connecting";
  #statusSince = performance.now();

  get world(): World {
    return this.#world;
  }

  get status(): StreamStatus {
    return this.#status;
  }

  /** When the present status began (monotonic milliseconds). */
  get statusSince(): number {
    return this.#statusSince;
  }

  /**
   * When the newest `feeds` event was sent (monotonic milliseconds); null before the first. Only these count as
   * a sign of life: they say what is true of the pictures now.
   */
  get feedsAt(): number | null {
    return this.#feedsAt;
  }

  /** The server's time, Unix ms; this machine's own until the server has spoken. */
  readonly serverNow = (): number => this.#clock.at(performance.now()) ?? Date.now();

  /** What was last said of a camera; null if nothing. */
  feed(camera: string): Feed | null {
    return this.#world.feeds.get(camera) ?? null;
  }

  /** A time of the server's (ISO 8601) on this page's clock, monotonic milliseconds; null if there is none. */
  localTime(iso: string | null): number | null {
    const unix = iso === null ? Number.NaN : Date.parse(iso);
    return Number.isFinite(unix) ? this.#clock.toLocal(unix) : null;
  }

  /** Listens to the events of the person `user`. Call once. */
  open(user: string): void {
    this.#events ??= new SharedEvents({
      url: "/api/events",
      name: `hotline-events-${user}`,
      onEvent: (event) => this.#take(event),
      onStatus: (status) => this.#heard(status),
      catchUp: () => (this.#world.known ? [snapshotOf(this.#world, this.serverNow())] : []),
    });
  }

  close(): void {
    this.#events?.close();
    this.#events = null;
  }

  retryNow(): void {
    this.#events?.retryNow();
  }

  /** Calls `listener` on every change until the returned function is called. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #take(event: ServerEvent): void {
    const arrival = performance.now();
    const { world, serverTime } = apply(this.#world, event);
    if (serverTime !== null) {
      if (event.type === "snapshot") this.#clock.reset(); // a new connection: its delays are its own
      const sentAt = this.#clock.learn(serverTime, arrival);
      if (event.type === "feeds") this.#feedsAt = sentAt;
    }
    if (world === this.#world) return;
    this.#world = world;
    this.#notify(event.type === "feeds" ? "feeds" : "world");
  }

  #heard(status: StreamStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#statusSince = performance.now();
    this.#notify("status");
  }

  #notify(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}
