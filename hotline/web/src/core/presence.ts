// Whether anybody can see this page, since when, and a slow pulse for everything that ages. One per page.
//
// A page may be unseen without being told so: a covered window, a screen that is off. Then the browser gives no
// animation frames, and no frame callbacks of videos either. So each pulse asks for one animation frame, and a
// page that did not get its last one is not being drawn.

/** How often aging things are looked at, milliseconds. Browsers slow it down in hidden tabs; evidence allows for it. */
const PULSE = 250;

export class Presence {
  readonly #listeners = new Set<(now: number) => void>();
  #visibleSince = performance.now();
  #timer: ReturnType<typeof setInterval> | undefined;
  #asked = false;
  #drawn = true;

  constructor() {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#visibleSince = performance.now();
      this.pulse();
    });
  }

  /** Whether nobody can see this page: hidden, or not being drawn. */
  get hidden(): boolean {
    return document.hidden || !this.#drawn;
  }

  /** When the page last came into view (monotonic milliseconds). */
  get visibleSince(): number {
    return this.#visibleSince;
  }

  /** Calls `listener` four times a second with the present time until the returned function is called. */
  each(listener: (now: number) => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => {
      this.#askForFrame();
      this.pulse();
    }, PULSE);
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

  #askForFrame(): void {
    if (this.#asked) {
      this.#drawn = false; // the frame of the last pulse has not come
      return;
    }
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      if (!this.#drawn) this.#visibleSince = performance.now();
      this.#drawn = true;
    });
  }
}
