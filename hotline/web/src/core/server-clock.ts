// The server's clock, seen from this page. Pure: every time is an argument.
// Countdowns need to know what time it is *there*, since a tablet's own clock may be minutes off; and freshness
// needs to know how long an event was under way, since an event that waited in a buffer for five seconds is no
// witness of now.

/** Offsets are remembered this long, milliseconds. */
const WINDOW = 300_000;
/** An event later than this is no late event: the server's clock was set. Milliseconds. */
const STEP = 30_000;

interface Sample {
  readonly at: number;
  readonly offset: number;
}

export class ServerClock {
  /** Ascending offsets, each younger than the one before: the first is the smallest of the window. */
  #samples: Sample[] = [];

  /**
   * Learns from one event. `server`: the time written in it (Unix ms); `local`: when it arrived (ms of a
   * monotonic clock). Returns when it was sent, on the local clock, taking the quickest event of the last
   * minutes to have come without delay.
   */
  learn(server: number, local: number): number {
    const offset = local - server;
    const best = this.#samples[0]?.offset;
    if (best !== undefined && offset - best > STEP) this.#samples = [];
    while (this.#samples.length > 0 && (this.#samples.at(-1)?.offset ?? 0) >= offset) this.#samples.pop();
    this.#samples.push({ at: local, offset });
    while (local - (this.#samples[0]?.at ?? local) > WINDOW) this.#samples.shift();
    const smallest = this.#samples[0]?.offset ?? offset;
    return local - (offset - smallest);
  }

  /** Forgets everything: on a new connection, delays start anew. */
  reset(): void {
    this.#samples = [];
  }

  /** The server's time (Unix ms) at `local` (monotonic ms); null before anything was learnt. */
  at(local: number): number | null {
    const smallest = this.#samples[0]?.offset;
    return smallest === undefined ? null : local - smallest;
  }

  /** `server` (Unix ms) on the local monotonic clock; null before anything was learnt. */
  toLocal(server: number): number | null {
    const smallest = this.#samples[0]?.offset;
    return smallest === undefined ? null : server + smallest;
  }
}
