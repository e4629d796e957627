// A command that goes on while a button is held: sent at once, again and again, and ended by another. One at a
// time: what ends it leaves when the last command is answered, so that it cannot arrive before it.

export interface Held {
  /** Sends the command once; false ends it, as it was refused. */
  readonly again: () => Promise<boolean>;
  readonly stop: () => Promise<void>;
}

/** Milliseconds between two commands: the service lets one hold for a second. */
export const REPEAT = 400;

export class Hold {
  #held: Held | null = null;
  #running: Promise<void> = Promise.resolve();
  readonly #sleep: (ms: number) => Promise<void>;

  constructor(sleep: (ms: number) => Promise<void> = (ms) => new Promise((done) => setTimeout(done, ms))) {
    this.#sleep = sleep;
  }

  get active(): boolean {
    return this.#held !== null;
  }

  /** Hold this; whatever was held before is let go of. */
  begin(held: Held): void {
    this.#held = held;
    this.#running = this.#running.then(() => this.#run(held));
  }

  /** Let go. */
  end(): void {
    this.#held = null;
  }

  async #run(held: Held): Promise<void> {
    let sent = false;
    while (this.#held === held) {
      sent = true;
      // oxlint-disable-next-line no-await-in-loop -- one at a time is what this is for
      if (!(await held.again())) {
        if (this.#held === held) this.#held = null;
        return; // the service stops what it could not start
      }
      if (this.#held !== held) break;
      // oxlint-disable-next-line no-await-in-loop -- as above
      await this.#pause(held);
    }
    if (sent) await held.stop();
  }

  /** Until the next command is due, in short steps: who lets go is not kept waiting. */
  async #pause(held: Held): Promise<void> {
    for (let waited = 0; waited < REPEAT && this.#held === held; waited += 20) {
      // oxlint-disable-next-line no-await-in-loop -- waiting is what this is for
      await this.#sleep(20);
    }
  }
}
