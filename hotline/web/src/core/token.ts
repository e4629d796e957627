// One bearer token per share, kept fresh: renewed before it expires, so that a connection that has to be made
// anew never waits for one. Viewers that run are not touched by a renewal.

import type { Result } from "./api.js";
import { pause } from "./backoff.js";
import type { IssuedToken } from "./model.js";

export interface TokenSource {
  /** A token good for now; null when the service gives none (the share ended, or nobody answers). */
  get(): Promise<string | null>;
  /** Says that the relay refused `token`: the next `get` asks for another. */
  refused(token: string): void;
}

/** A token with less than this left, milliseconds, is not handed out. */
const MARGIN = 15_000;
/** After a failure the service is left alone this long, milliseconds, however many connections ask. */
const REST = 400;

export class RenewingToken implements TokenSource {
  readonly #issue: (signal: AbortSignal) => Promise<Result<IssuedToken>>;
  readonly #serverNow: () => number;
  readonly #ended = new AbortController();
  #token: string | null = null;
  #expiresAt = 0;
  #issuing: Promise<string | null> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #restUntil = 0;

  /** `issue` asks the service; `serverNow`: Unix ms on the server's clock, since a tablet's may be wrong. */
  constructor(issue: (signal: AbortSignal) => Promise<Result<IssuedToken>>, serverNow: () => number) {
    this.#issue = issue;
    this.#serverNow = serverNow;
  }

  /** Takes a token that came with another answer. */
  adopt(issued: IssuedToken): void {
    const left = Date.parse(issued.expires_at) - this.#serverNow();
    if (this.#ended.signal.aborted || !Number.isFinite(left)) return;
    this.#token = issued.token;
    this.#expiresAt = this.#serverNow() + left;
    this.#failures = 0;
    // Four fifths through its life, and never in a hot loop when the clocks disagree.
    this.#schedule(Math.max(left * 0.8, 5000));
  }

  async get(): Promise<string | null> {
    if (this.#token !== null && this.#expiresAt - this.#serverNow() > MARGIN) return this.#token;
    return this.#renew();
  }

  /** Asks anew though the token is still good: what it is asked for is another by now. */
  async again(): Promise<void> {
    await this.#issuing;
    await this.#renew();
  }

  refused(token: string): void {
    if (this.#token === token) this.#token = null;
  }

  dispose(): void {
    this.#ended.abort();
    clearTimeout(this.#timer);
    this.#token = null;
  }

  async #renew(): Promise<string | null> {
    this.#issuing ??= this.#ask().finally(() => {
      this.#issuing = null;
    });
    return this.#issuing;
  }

  async #ask(): Promise<string | null> {
    if (this.#ended.signal.aborted || this.#serverNow() < this.#restUntil) return null;
    const result = await this.#issue(this.#ended.signal);
    if (result.status === "success") {
      this.adopt(result.value);
      return this.#token;
    }
    this.#failures += 1;
    this.#restUntil = this.#serverNow() + REST;
    if (result.status === "unreachable") this.#schedule(1000 + pause(this.#failures, Math.random()));
    return null;
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#ended.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#renew(), ms);
  }
}
