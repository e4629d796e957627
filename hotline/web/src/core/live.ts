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
  #eventAt: number | null = null;
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

  /** When the newest event with a time in it was sent (monotonic milliseconds); null before the first. */
  get eventAt(): number | null {
    return this.#eventAt;
  }

  /** The server's time, Unix ms; this machine's own until the server has spoken. */
  readonly serverNow = (): number => this.#clock.at(performance.now()) ?? Date.now();

  /** What was last said of a camera; null if nothing, or nothing since the stream came back. */
  feed(camera: string): Feed | null {
    return this.#feedsAt === null ? null : (this.#world.feeds.get(camera) ?? null);
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
      this.#eventAt = this.#clock.learn(serverTime, arrival);
      if (event.type === "feeds") this.#feedsAt = this.#eventAt;
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
