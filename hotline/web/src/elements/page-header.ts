// <page-header>: who and where we are, whether the service is heard, the time there, what the page puts in,
// language, sign-out.

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { countdown, timeOfDay } from "../core/duration.js";
import { PATH_LIMIT } from "../core/freshness.js";
import type { Hotline } from "../core/hotline.js";
import { Localized } from "../text/language.js";
import { Pulse } from "./pulse.js";
import { shared } from "./style.js";
import "./language-switch.js";

type Path = "open" | "connecting" | "down";

@customElement("page-header")
export class PageHeader extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 16px;
        min-height: 3em;
        padding: 0 0.75em;
        border-bottom: 1px solid var(--line);
        background: var(--ground);
        font-size: clamp(16px, 0.85vw, 30px); /* a 4K wall is read from across the room */
        white-space: nowrap;
      }
      h1 {
        font-size: 1.06em;
        font-weight: 700;
      }
      .who {
        flex: 1;
        min-width: 0;
        overflow: hidden;
        color: var(--quiet);
        text-overflow: ellipsis;
      }
      .path {
        display: inline-flex;
        align-items: center;
        gap: 8px;
      }
      .path::before {
        content: "";
        width: 0.6em;
        height: 0.6em;
        border-radius: 50%;
        background: currentColor;
      }
      .open {
        color: var(--live);
      }
      .connecting {
        color: var(--text);
      }
      .down {
        color: var(--wrong);
        font-weight: 700;
      }
      .down::before {
        border-radius: 0;
      }
      button {
        padding: 0 12px;
      }
      @media (max-width: 620px) {
        h1 {
          display: none;
        }
        :host {
          gap: 10px;
        }
      }
    `,
  ];

  @property({ attribute: false }) hotline: Hotline | null = null;
  @property({ attribute: false }) heading = "";
  /** A word that the page itself must not keep quiet about. */
  @property({ attribute: false }) note = "";
  @state() private path: Path = "connecting";
  @state() private down = "";
  @state() private clock = "";
  readonly #localized = new Localized(this);

  constructor() {
    super();
    this.addController(new Pulse(this, (now) => this.#look(now)));
  }

  override render(): TemplateResult {
    const texts = this.#localized.texts;
    const { user } = this.hotline?.session ?? { user: null };
    const unit = user?.unit ?? null;
    const unitName = unit === null ? "" : this.#localized.name(unit);
    const person = user === null || user.name === unitName ? "" : user.name;
    const who = [unitName, person].filter((part) => part !== "").join(" · ");
    const path = {
      open: texts.pathOpen,
      connecting: texts.pathConnecting,
      down: texts.pathDown(this.down),
    }[this.path];
    return html`
      <h1>${this.heading}</h1>
      <span class="who">${who}</span>
      ${this.note === "" ? nothing : html`<span class="quiet">${this.note}</span>`}
      <span class="path ${this.path}" role="status" data-path=${this.path}>${path}</span>
      <span class="digits">${this.clock}</span>
      <slot></slot>
      <language-switch></language-switch>
      <button @click=${() => void this.hotline?.signOut()}>${texts.signOut}</button>
    `;
  }

  #look(now: number): void {
    const { hotline } = this;
    if (hotline === null) return;
    const { live } = hotline;
    const silent = now - (live.feedsAt ?? live.statusSince);
    if (silent > PATH_LIMIT) this.path = "down";
    else this.path = live.feedsAt === null ? "connecting" : "open";
    this.down = this.path === "down" ? countdown(silent) : "";
    this.clock = timeOfDay(live.serverNow());
  }
}
