// Connections by share, camera and profile, each made once however many tiles show it. An enlarged tile can so
// begin with the picture its small neighbour already has, while its own better one is on the way.

import type { Lack } from "./layer.js";
import { NO_WISH, together, type Wish } from "./quality.js";
import type { TokenSource } from "./token.js";
import { type Profile, WhepClient } from "./whep.js";

/** What is to be seen: a camera under a share (or a preview), with the token that opens it. */
export interface Target {
  readonly share: string;
  readonly camera: string;
  readonly token: TokenSource;
}

export interface Lease {
  readonly client: WhepClient;
  readonly profile: Profile;
  /** Says what this tile has a use for; the connection is asked for what all its tiles need. */
  ask(wish: Wish): void;
  release(): void;
}

/** A connection nobody wants any more is kept this long, milliseconds: an element that moves is back at once. */
const LINGER = 300;

interface Entry {
  readonly camera: string;
  readonly client: WhepClient;
  /** What is called on a change, and what its tile asks for. */
  readonly listeners: Map<() => void, Wish>;
  linger: ReturnType<typeof setTimeout> | undefined;
}

export class FeedPool {
  readonly #entries = new Map<string, Entry>();
  readonly #watchers = new Set<() => void>();
  readonly #ice: { servers: RTCIceServer[] } = { servers: [] };
  #hidden = false;

  lease(target: Target, profile: Profile, onChange: () => void): Lease {
    const key = keyOf(target, profile);
    const entry = this.#entries.get(key) ?? this.#open(key, target, profile);
    clearTimeout(entry.linger);
    // One closure per lease, though two tiles may pass the same function.
    const listener = (): void => onChange();
    entry.listeners.set(listener, NO_WISH);
    return {
      client: entry.client,
      profile,
      ask: (wish): void => {
        if (!entry.listeners.has(listener)) return;
        entry.listeners.set(listener, wish);
        entry.client.ask(wishOf(entry, profile));
      },
      release: (): void => {
        if (!entry.listeners.delete(listener)) return;
        if (entry.listeners.size > 0) {
          entry.client.ask(wishOf(entry, profile));
          return;
        }
        entry.linger = setTimeout(() => this.#shut(key, entry), LINGER);
      },
    };
  }

  /** The connection to the same camera in another profile, if there is one and it stands. */
  standing(target: Target, profile: Profile): WhepClient | null {
    const client = this.#entries.get(keyOf(target, profile))?.client;
    return client?.state === "connected" ? client : null;
  }

  /** The cameras that are not given in the quality that was pinned, and why. */
  lacks(): ReadonlyMap<string, Lack> {
    const lacks = new Map<string, Lack>();
    for (const { camera, client, listeners } of this.#entries.values()) {
      if (client.lack !== null && listeners.size > 0) lacks.set(camera, client.lack);
    }
    return lacks;
  }

  /** Calls `watcher` whenever a connection has changed. Returns what ends that. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Says whether anybody looks at the page. */
  hide(hidden: boolean): void {
    this.#hidden = hidden;
    for (const { client } of this.#entries.values()) client.hide(hidden);
  }

  /** Ends every pause between attempts. */
  retryNow(): void {
    for (const { client } of this.#entries.values()) client.retryNow();
  }

  closeAll(): void {
    for (const [key, entry] of this.#entries) this.#shut(key, entry);
  }

  #open(key: string, target: Target, profile: Profile): Entry {
    const listeners = new Map<() => void, Wish>();
    const client = new WhepClient({
      url: `/whep/${encodeURIComponent(target.camera)}?profile=${profile}`,
      token: target.token,
      ice: this.#ice,
      onChange: () => {
        for (const listener of listeners.keys()) listener();
        for (const watcher of this.#watchers) watcher();
      },
    });
    const entry: Entry = { camera: target.camera, client, listeners, linger: undefined };
    this.#entries.set(key, entry);
    client.hide(this.#hidden);
    client.start();
    return entry;
  }

  #shut(key: string, entry: Entry): void {
    clearTimeout(entry.linger);
    entry.client.close();
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }
}

/**
 * What the tiles of a connection ask for together. A small connection is never too large for any of them, so who
 * insists on the small picture gets it, though another tile leaves the choice to the link.
 */
function wishOf(entry: Entry, profile: Profile): Wish {
  const wishes = [...entry.listeners.values()];
  const pinned = wishes.filter((wish) => wish.pinned !== null);
  return together(profile === "sub" && pinned.length > 0 ? pinned : wishes);
}

function keyOf(target: Target, profile: Profile): string {
  return `${profile} ${target.camera} ${target.share}`;
}
