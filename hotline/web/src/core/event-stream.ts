// One connection to the event stream, made anew for as long as it is wanted. `#run()` retries, `#attempt()`
// fails. Knows nothing of other tabs and nothing of what events mean.

import { pause } from "./backoff.js";
import { EventParser, type ServerEvent } from "./sse.js";

export type StreamStatus = "connecting" | "open" | "down" | "signed_out";

/** Headers must have come by then, milliseconds. */
const OPEN_DEADLINE = 5000;
/** A stream that says nothing for this long, milliseconds, is given up; it says something every 500 ms. */
const SILENCE = 3000;
/** When the network came back, even this much silence, milliseconds, is too much. */
const SUSPICIOUS_SILENCE = 1000;

export interface StreamOptions {
  readonly url: string;
  readonly onEvent: (event: ServerEvent) => void;
  readonly onStatus: (status: StreamStatus) => void;
}

export class EventStream {
  readonly #options: StreamOptions;
  readonly #ended = new AbortController();
  #attemptEnded: AbortController | null = null;
  #wake: (() => void) | null = null;
  #heardAt = 0;
  #lastEventId = "";
  #status: StreamStatus | null = null;

  constructor(options: StreamOptions) {
    this.#options = options;
    void this.#run();
  }

  close(): void {
    this.#ended.abort();
    this.#wake?.();
  }

  /** The network is back, or the page is looked at again: no pause, and no faith in a silent connection. */
  retryNow(): void {
    if (this.#wake !== null) this.#wake();
    else if (performance.now() - this.#heardAt > SUSPICIOUS_SILENCE) this.#attemptEnded?.abort();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#ended.signal.aborted) {
      this.#say("connecting");
      const outcome = await this.#attempt();
      if (this.#ended.signal.aborted) return;
      if (outcome === "signed_out") {
        this.#say("signed_out");
        return;
      }
      failures = outcome === "was_open" ? 1 : failures + 1;
      this.#say("down");
      await this.#sleep(pause(failures, Math.random()));
    }
  }

  async #attempt(): Promise<"signed_out" | "was_open" | "never_opened"> {
    const over = new AbortController();
    const abort = (): void => over.abort();
    this.#ended.signal.addEventListener("abort", abort, { signal: over.signal });
    this.#attemptEnded = over;
    let open = false;
    let watchdog = setTimeout(abort, OPEN_DEADLINE);
    try {
      const headers = new Headers({ Accept: "text/event-stream" });
      if (this.#lastEventId !== "") headers.set("Last-Event-ID", this.#lastEventId);
      const response = await fetch(this.#options.url, {
        headers,
        cache: "no-store",
        credentials: "same-origin",
        signal: over.signal,
      });
      if (response.status === 401 || response.status === 403) return "signed_out";
      if (!response.ok || response.body === null) return "never_opened";
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return open ? "was_open" : "never_opened";
        clearTimeout(watchdog);
        watchdog = setTimeout(abort, SILENCE);
        this.#heardAt = performance.now();
        if (!open) this.#say("open");
        open = true;
        for (const event of parser.push(value)) {
          if (event.type === "bye") return "signed_out";
          this.#options.onEvent(event);
        }
        this.#lastEventId = parser.lastEventId || this.#lastEventId;
      }
    } catch {
      // The network broke, the watchdog barked, or the stream grew an event without end: all the same here.
      return open ? "was_open" : "never_opened";
    } finally {
      clearTimeout(watchdog);
      over.abort();
    }
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }

  #say(status: StreamStatus): void {
    if (this.#ended.signal.aborted || this.#status === status) return;
    this.#status = status;
    this.#options.onStatus(status);
  }
}
