// What every page has once somebody is signed in: the API, the event stream, the connections, the tokens. Ties
// them to the browser's own events (visible again, on-line again, page closed).

import { Api, type Result } from "./api.js";
import { Live } from "./live.js";
import type { Role, Session } from "./model.js";
import { FeedPool } from "./pool.js";
import { Presence } from "./presence.js";
import { RenewingToken } from "./token.js";

/** Where a role's work is. */
export const HOME: Readonly<Record<Role, string>> = {
  administrator: "/operator",
  operator: "/operator",
  dispatcher: "/control-room",
  crew: "/vehicle",
};

export class Hotline {
  readonly api: Api;
  readonly session: Session;
  readonly live = new Live();
  readonly pool = new FeedPool();
  readonly presence = new Presence();
  readonly #tokens = new Map<string, RenewingToken>();

  constructor(api: Api, session: Session) {
    this.api = api;
    this.session = session;
    this.live.subscribe((change) => {
      if (change === "world") this.#dropTokens();
      if (change === "status" && this.live.status === "signed_out") goToSignIn();
    });
    this.live.open(session.user.id);
    const retry = (): void => {
      this.live.retryNow();
      this.pool.retryNow();
    };
    window.addEventListener("online", retry);
    document.addEventListener("visibilitychange", () => {
      this.pool.hide(document.hidden);
      if (!document.hidden) retry();
    });
    window.addEventListener("pagehide", () => {
      this.pool.closeAll();
      this.live.close();
    });
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload(); // what pagehide closed stays closed
    });
  }

  /** The token that opens the cameras of a running share. */
  tokenOf(share: string): RenewingToken {
    let token = this.#tokens.get(share);
    if (token === undefined) {
      token = new RenewingToken((signal) => this.api.shareToken(share, signal), this.live.serverNow);
      this.#tokens.set(share, token);
    }
    return token;
  }

  async signOut(): Promise<void> {
    this.pool.closeAll();
    this.live.close();
    await this.api.signOut(); // whether it was heard or not, this page is left
    goToSignIn();
  }

  #dropTokens(): void {
    for (const [share, token] of this.#tokens) {
      if (this.live.world.shares.has(share)) continue;
      token.dispose();
      this.#tokens.delete(share);
    }
  }
}

/** Asks who is signed in; a browser without a session is sent to sign in and never comes back from here. */
export async function openHotline(): Promise<Result<Hotline>> {
  const api = new Api();
  const result = await api.session();
  if (result.status === "success") return { status: "success", value: new Hotline(api, result.value) };
  if (result.status === "problem" && result.problem.status === 401) goToSignIn();
  return result;
}

function goToSignIn(): void {
  const next = location.pathname === "/login" ? "" : `?next=${encodeURIComponent(location.pathname)}`;
  location.assign(`/login${next}`);
}
