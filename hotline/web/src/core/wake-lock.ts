// Keeps the screen on while the page is looked at. A browser drops the lock whenever the page is hidden, so it
// is taken anew each time the page comes back. Needs a secure context: by plain HTTP there is none.

export class ScreenWake {
  readonly #onChange: () => void;
  #held = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    document.addEventListener("visibilitychange", () => void this.#take());
    void this.#take();
  }

  /** Whether the screen is kept on right now. */
  get held(): boolean {
    return this.#held;
  }

  async #take(): Promise<void> {
    // TypeScript's DOM says it is always there; in an insecure context it is not.
    const wakeLock: WakeLock | undefined = navigator.wakeLock;
    if (wakeLock === undefined || document.hidden || this.#held) return;
    try {
      const sentinel = await wakeLock.request("screen");
      this.#set(true);
      sentinel.addEventListener("release", () => this.#set(false));
    } catch {
      this.#set(false); // refused: low battery, or the page was hidden meanwhile. The page says so.
    }
  }

  #set(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    this.#onChange();
  }
}
