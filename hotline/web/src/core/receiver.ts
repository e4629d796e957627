// One tile's way to its picture: which connection is shown, which is being made to replace it, and when to
// change. No DOM but the screen it is given, no words; the tile asks it for evidence.

import type { Evidence } from "./freshness.js";
import { type FeedPool, type Lease, type Target } from "./pool.js";
import { NO_WISH, type Wish } from "./quality.js";
import { Screen, type ShownFrame } from "./screen.js";
import type { Profile, WhepClient } from "./whep.js";

/** A frame counts as recent for so long, milliseconds; packets need not be counted meanwhile. */
const RECENT = 400;

export class Receiver {
  readonly #pool: FeedPool;
  readonly #target: Target;
  readonly #screen: Screen;
  readonly startedAt = performance.now();
  #shown: Lease | null = null;
  #next: Lease | null = null;
  #frame: ShownFrame | null = null;
  #frames = 0;
  #wish = NO_WISH;
  #firstPictureMs: number | null = null;

  /** `onFirst`: called when a stream shows its first picture. `onBlocked`: the browser wants a touch to play. */
  constructor(
    pool: FeedPool,
    target: Target,
    container: HTMLElement,
    events: { readonly onFirst: () => void; readonly onBlocked: () => void },
  ) {
    this.#pool = pool;
    this.#target = target;
    this.#screen = new Screen(container, {
      onFrame: (frame, first) => {
        this.#frame = frame;
        this.#frames += 1;
        if (!first) return;
        this.#firstPictureMs ??= frame.at - this.startedAt;
        this.#changeOver();
        events.onFirst();
      },
      onBlocked: events.onBlocked,
    });
  }

  /** Pictures shown so far. */
  get frames(): number {
    return this.#frames;
  }

  /** From wanting it to the first picture, milliseconds; null before. */
  get firstPictureMs(): number | null {
    return this.#firstPictureMs;
  }

  /** The profile that is shown, or the one waited for if none is. */
  get profile(): Profile | null {
    return (this.#shown ?? this.#next)?.profile ?? null;
  }

  /** The connection whose picture is on the screen, or the one waited for. */
  get client(): WhepClient | null {
    return (this.#shown ?? this.#next)?.client ?? null;
  }

  /**
   * Wants the camera in `profile`, no better than `wish` says; what is shown stays until the other shows its first
   * picture.
   */
  want(profile: Profile, wish: Wish): void {
    this.#wish = wish;
    this.#ask(this.#shown);
    this.#ask(this.#next);
    if (this.#next?.profile === profile) return;
    this.#next?.release();
    this.#next = null;
    if (this.#shown?.profile === profile) {
      this.#refresh();
      return;
    }
    if (this.#shown === null) {
      const other: Profile = profile === "main" ? "sub" : "main";
      if (this.#pool.standing(this.#target, other) !== null) this.#shown = this.#lease(other);
    }
    this.#next = this.#lease(profile);
    this.#refresh();
  }

  /** What the third witness says. Asks for packet counts when no frame speaks for itself. */
  evidence(now: number, hidden: boolean): Pick<Evidence, "startedAt" | "connected" | "packets" | "frame"> {
    const client = this.client;
    const recent = this.#frame !== null && now - this.#frame.at < RECENT;
    if (client !== null && (hidden || !recent)) void client.count(now);
    return {
      startedAt: this.startedAt,
      connected: client?.state === "connected",
      packets: client?.packets ?? null,
      frame: this.#frame === null ? null : { shownAt: this.#frame.at, rtp: this.#frame.rtp },
    };
  }

  /** Makes the shown connection anew. */
  restart(): void {
    this.client?.restart();
  }

  /** Plays what the browser had blocked. */
  play(): void {
    this.#screen.play();
  }

  close(): void {
    this.#shown?.release();
    this.#next?.release();
    this.#shown = null;
    this.#next = null;
    this.#screen.clear();
  }

  #lease(profile: Profile): Lease {
    const lease = this.#pool.lease(this.#target, profile, () => this.#refresh());
    this.#ask(lease);
    return lease;
  }

  /** The small profile has its bound already; a width would lift it. */
  #ask(lease: Lease | null): void {
    lease?.ask(lease.profile === "sub" ? { ...this.#wish, maxWidth: null } : this.#wish);
  }

  /** Puts the newest stream there is before the screen. */
  #refresh(): void {
    const stream = this.#next?.client.stream ?? this.#shown?.client.stream ?? null;
    if (stream !== null) this.#screen.show(stream);
  }

  /** The awaited stream is on the screen: the other has done its service. */
  #changeOver(): void {
    if (this.#next === null || this.#next.client.stream !== this.#screen.stream) return;
    this.#shown?.release();
    this.#shown = this.#next;
    this.#next = null;
  }
}
