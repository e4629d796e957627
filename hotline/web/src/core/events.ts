// One event stream per browser. The tab that holds a Web Lock has the connection and repeats every event to the
// others over a BroadcastChannel; when it goes, the lock passes on. Where there are no locks (plain HTTP), or
// the leader falls silent, a tab has its own connection: two streams are a waste, no stream is blindness.

import { EventStream, type StreamStatus } from "./event-stream.js";
import type { ServerEvent } from "./sse.js";

/** A leader that says nothing for this long, milliseconds, is frozen or gone: it speaks every second at least. */
const LEADER_SILENCE = 2500;
const CHECK_INTERVAL = 1000;

type Message =
  | { readonly kind: "event"; readonly event: ServerEvent }
  | { readonly kind: "status"; readonly status: StreamStatus }
  | { readonly kind: "hello" };

export interface SharedEventsOptions {
  readonly url: string;
  /** Tabs with the same name share a stream: one name per signed-in person. */
  readonly name: string;
  readonly onEvent: (event: ServerEvent) => void;
  readonly onStatus: (status: StreamStatus) => void;
  /** What a tab that comes later must be told first. */
  readonly catchUp: () => readonly ServerEvent[];
}

export class SharedEvents {
  readonly #options: SharedEventsOptions;
  readonly #ended = new AbortController();
  readonly #channel: BroadcastChannel;
  #own: EventStream | null = null;
  #leading = false;
  #status: StreamStatus = "connecting";
  #leaderHeardAt = performance.now();

  constructor(options: SharedEventsOptions) {
    this.#options = options;
    this.#channel = new BroadcastChannel(options.name);
    this.#channel.addEventListener("message", (message: MessageEvent<Message>) => this.#hear(message.data));
    const check = setInterval(() => this.#check(), CHECK_INTERVAL);
    this.#ended.signal.addEventListener("abort", () => clearInterval(check));
    // TypeScript's DOM says it is always there; in an insecure context it is not.
    const locks: LockManager | undefined = navigator.locks;
    if (locks === undefined) this.#connect();
    else {
      this.#post({ kind: "hello" });
      void this.#waitToLead(locks);
    }
  }

  close(): void {
    this.#ended.abort();
    this.#own?.close();
    this.#own = null;
    this.#channel.close();
  }

  retryNow(): void {
    this.#own?.retryNow();
    this.#check();
  }

  async #waitToLead(locks: LockManager): Promise<void> {
    try {
      await locks.request(this.#options.name, { signal: this.#ended.signal }, async () => {
        this.#leading = true;
        this.#connect();
        await new Promise((resolve) => {
          this.#ended.signal.addEventListener("abort", resolve);
        });
      });
    } catch {
      // The request is aborted when this tab closes; anything else leaves us without locks.
      if (!this.#ended.signal.aborted) this.#connect();
    }
  }

  #connect(): void {
    if (this.#ended.signal.aborted) return;
    this.#own ??= new EventStream({
      url: this.#options.url,
      onEvent: (event) => {
        if (this.#leading) this.#post({ kind: "event", event });
        this.#options.onEvent(event);
      },
      onStatus: (status) => {
        this.#tell(status);
        if (this.#leading) this.#post({ kind: "status", status });
      },
    });
  }

  #hear(message: Message): void {
    if (this.#ended.signal.aborted) return;
    if (message.kind === "hello") {
      if (!this.#leading) return;
      for (const event of this.#options.catchUp()) this.#post({ kind: "event", event });
      this.#post({ kind: "status", status: this.#status });
      return;
    }
    if (this.#leading) return;
    this.#leaderHeardAt = performance.now();
    if (message.kind === "event") {
      if (this.#own !== null && navigator.locks !== undefined) {
        // The leader speaks again: our stand-in has done its service.
        this.#own.close();
        this.#own = null;
        this.#post({ kind: "hello" });
      }
      this.#options.onEvent(message.event);
    } else if (this.#own === null) this.#tell(message.status);
  }

  #check(): void {
    if (this.#leading) this.#post({ kind: "status", status: this.#status });
    else if (performance.now() - this.#leaderHeardAt > LEADER_SILENCE) this.#connect();
  }

  #post(message: Message): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel, not a window
    if (!this.#ended.signal.aborted) this.#channel.postMessage(message);
  }

  #tell(status: StreamStatus): void {
    this.#status = status;
    this.#options.onStatus(status);
  }
}
