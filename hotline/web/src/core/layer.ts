// What a connection is asked for once it stands: WHEP's layer extension (urn:ietf:params:whep:ext:core:layer). One
// request at a time, the newest wish last. A quality that is pinned is asked for again and again, ever less often:
// that it cannot be had shows a moment after the request, and what cannot be had now may be had later. No DOM.

import { NO_WISH, type Wish } from "./quality.js";
import type { TokenSource } from "./token.js";

/** Why a viewer is not given the quality that it pinned, as the relay says it. */
export interface Lack {
  readonly reason: string;
  readonly ko: string;
  readonly en: string;
}

/** The relay must have answered by then, milliseconds. */
const ANSWER_DEADLINE = 5000;
/** Milliseconds from one answer to asking again for what is pinned; the last one is that of all later times. */
export const AGAIN: readonly number[] = [1000, 2000, 5000, 10_000];

export class Layer {
  readonly #token: TokenSource;
  readonly #onChange: () => void;
  #wish = NO_WISH;
  #hidden = false;
  #lack: Lack | null = null;
  /** The connection that is asked, and what ends its requests; null while there is none. */
  #open: { readonly url: string; readonly over: AbortController } | null = null;
  #asking = false;
  #due = false;
  #answers = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onChange`: called when `lack` changed. */
  constructor(token: TokenSource, onChange: () => void) {
    this.#token = token;
    this.#onChange = onChange;
  }

  /** Why what is pinned is not given; null where it is, where nothing is pinned, and before that is known. */
  get lack(): Lack | null {
    return this.#lack;
  }

  /** A connection stands that takes wishes at `url`; null for one that takes none. */
  open(url: string | null): void {
    this.close();
    if (url === null) return;
    this.#open = { url, over: new AbortController() };
    if (this.#hidden || this.#wish !== NO_WISH) this.#changed();
  }

  /** The connection is over: nothing more is asked of it. */
  close(): void {
    clearTimeout(this.#timer);
    this.#open?.over.abort();
    this.#open = null;
    this.#learn(null);
  }

  /** Says whether anybody looks: while nobody does, the smallest picture will do. */
  hide(hidden: boolean): void {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    this.#changed();
  }

  /** Says what is of use; what is of none is not sent. */
  ask(wish: Wish): void {
    if (wish.maxWidth === this.#wish.maxWidth && wish.pinned === this.#wish.pinned) return;
    this.#wish = wish;
    this.#learn(null);
    this.#changed();
  }

  #changed(): void {
    this.#answers = 0;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.#due = true;
    if (this.#asking) return;
    this.#asking = true;
    let again = true;
    // The newest wish must be the last to arrive, so each request waits for the one before it.
    while (this.#due) {
      this.#due = false;
      // oxlint-disable-next-line no-await-in-loop -- one at a time
      again = await this.#request();
    }
    this.#asking = false;
    if (!again || this.#open === null || this.#hidden || this.#wish.pinned === null) return;
    this.#timer = setTimeout(() => void this.#ask(), AGAIN[Math.min(this.#answers, AGAIN.length - 1)]);
    this.#answers += 1;
  }

  /** Asks once; whether it makes sense to ask this connection again. */
  async #request(): Promise<boolean> {
    const open = this.#open;
    const token = open === null ? null : await this.#token.get();
    if (open === null || token === null || open.over.signal.aborted) return false;
    try {
      const response = await fetch(open.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: JSON.stringify({ hidden: this.#hidden, ...this.#layers() }),
        credentials: "same-origin",
        signal: AbortSignal.any([open.over.signal, AbortSignal.timeout(ANSWER_DEADLINE)]),
      });
      const lack = response.ok ? readLack(await response.json()) : null;
      // Not what was answered to another wish, or by a connection that is over.
      if (!this.#due && open === this.#open) this.#learn(lack);
      return response.ok; // 404: the relay has ended this viewer, and the connection is about to notice
    } catch {
      return true; // no network, or no JSON: nothing was learnt
    }
  }

  /** A small connection has its ceiling from the profile in its address: a width would lift it. */
  #layers(): Record<string, unknown> {
    const { maxWidth, pinned } = this.#wish;
    return maxWidth === null ? { rid: pinned } : { rid: pinned, maxWidth };
  }

  #learn(lack: Lack | null): void {
    if (lack?.reason === this.#lack?.reason) return;
    this.#lack = lack;
    this.#onChange();
  }
}

/** The `lack` in the answer to a layer request; null where there is none, or none that can be read. */
export function readLack(answer: unknown): Lack | null {
  const lack = isObject(answer) ? answer["lack"] : null;
  if (!isObject(lack)) return null;
  const { reason, detail, detail_ko: korean } = lack;
  if (typeof reason !== "string" || typeof detail !== "string") return null;
  return { reason, en: detail, ko: typeof korean === "string" ? korean : detail };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
