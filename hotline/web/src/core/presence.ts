// Whether anybody can see this page, since when, and a slow pulse for everything that ages. One per page.

/** How often aging things are looked at, milliseconds. Browsers slow it down in hidden tabs; evidence allows for it. */
const PULSE = 250;

export class Presence {
  readonly #listeners = new Set<(now: number) => void>();
  #visibleSince = performance.now();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#visibleSince = performance.now();
      this.pulse();
    });
  }

  get hidden(): boolean {
    return document.hidden;
  }

  /** When the page was last brought into view (monotonic milliseconds). */
  get visibleSince(): number {
    return this.#visibleSince;
  }

  /** Calls `listener` four times a second with the present time until the returned function is called. */
  each(listener: (now: number) => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.pulse(), PULSE);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  pulse(): void {
    const now = performance.now();
    for (const listener of this.#listeners) listener(now);
  }
}
