// <camera-still>: a small picture of a camera, asked for anew now and then, with the time at which it was taken
// on it, so that nobody takes it for live. Asks only while it is seen.
//
// For tests, on the element itself: data-camera, data-state (waiting, shown or failed), data-taken.

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { timeOfDay } from "../core/duration.js";
import type { Hotline } from "../core/hotline.js";
import type { Turns } from "../core/turns.js";
import { Localized } from "../text/language.js";
import { Pulse } from "./pulse.js";
import { shared } from "./style.js";

/** Milliseconds from one picture to the next; after a failure. */
const EVERY = 20_000;
const AGAIN = 8000;
/** A picture older than this, milliseconds, is dimmed: the scene may be another by now. */
const OLD = 60_000;

@customElement("camera-still")
export class CameraStill extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: block;
        position: relative;
        overflow: hidden;
        aspect-ratio: 16 / 9;
        background: #000;
      }
      img {
        display: block;
        width: 100%;
        height: 100%;
        object-fit: contain;
      }
      .old {
        filter: grayscale(0.7) brightness(0.45);
      }
      .label {
        position: absolute;
        top: 0;
        left: 0;
        max-width: 100%;
        padding: 0.15em 0.6em;
        overflow: hidden;
        background: rgb(5 8 12 / 0.82);
        color: var(--quiet);
        font-size: 12.5px;
        line-height: 1.45;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .label strong {
        color: var(--text);
      }
      .words {
        position: absolute;
        inset: 0;
        display: grid;
        place-content: center;
        padding: 1.8em 8px 4px;
        color: var(--quiet);
        font-size: 13px;
        text-align: center;
        text-wrap: balance;
      }
    `,
  ];

  @property({ attribute: false }) hotline: Hotline | null = null;
  @property({ attribute: false }) camera = "";
  /** The preview under which it is looked at; null until it is granted. */
  @property({ attribute: false }) share: string | null = null;
  @property({ attribute: false }) name = "";
  /** So that a long list does not ask for everything at once. */
  @property({ attribute: false }) turns: Turns | null = null;
  @state() private url: string | null = null;
  @state() private taken = 0;
  @state() private failure = "";
  @state() private old = false;

  readonly #localized = new Localized(this);
  readonly #seen = new IntersectionObserver((entries) => {
    this.#inView = entries.at(-1)?.isIntersecting ?? false;
  });
  #inView = false;
  #asking = false;
  #due = 0;
  #gone = new AbortController();

  constructor() {
    super();
    this.addController(new Pulse(this, (now) => this.#look(now)));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute("role", "img");
    this.#gone = new AbortController();
    this.#seen.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#seen.disconnect();
    this.#gone.abort();
    this.#show(null);
  }

  override updated(changed: PropertyValues): void {
    if (changed.has("share")) {
      this.#due = 0;
      this.#gone.abort(); // what was asked for under another right, or under one that is about to end
      this.#gone = new AbortController();
    }
    const { texts } = this.#localized;
    this.dataset["camera"] = this.camera;
    this.dataset["state"] = this.failure !== "" ? "failed" : this.url === null ? "waiting" : "shown";
    this.dataset["taken"] = String(this.taken);
    const what = this.url === null ? this.failure : texts.stillOf(timeOfDay(this.taken));
    this.setAttribute("aria-label", `${this.name}: ${what}`);
  }

  override render(): TemplateResult {
    const { texts } = this.#localized;
    const dim = this.old || this.failure !== "";
    return html`
      ${this.url === null ? nothing : html`<img class=${dim ? "old" : ""} src=${this.url} alt="" />`}
      ${
        this.failure !== ""
          ? html`<span class="words">${this.failure}</span>`
          : this.url === null
            ? html`<span class="words">${texts.stillWaiting}</span>`
            : nothing
      }
      <span class="label digits">
        ${this.url === null ? nothing : html`<strong>${texts.stillOf(timeOfDay(this.taken))}</strong>`}
        ${this.name}
      </span>
    `;
  }

  #look(now: number): void {
    const { hotline } = this;
    if (hotline === null) return;
    const old = this.url !== null && hotline.live.serverNow() - this.taken > OLD;
    if (old !== this.old) this.old = old;
    if (this.share === null || this.#asking || now < this.#due) return;
    if (hotline.presence.hidden || !this.#inView) return;
    this.#asking = true;
    void this.#ask(hotline, this.share).finally(() => {
      this.#asking = false;
    });
  }

  async #ask(hotline: Hotline, share: string): Promise<void> {
    const { signal } = this.#gone;
    const request = async () => hotline.api.thumbnail(this.camera, share, signal);
    const result = await (this.turns?.take(request) ?? request());
    if (signal.aborted) return;
    this.#due = performance.now() + (result.status === "success" ? EVERY : AGAIN);
    if (result.status === "success") {
      this.failure = "";
      this.#show(result.value.picture);
      this.taken = result.value.taken;
    } else if (result.status === "problem") {
      this.failure = this.#localized.problem(result.problem);
    } else {
      this.failure = this.#localized.texts.causeEvents;
    }
  }

  #show(picture: Blob | null): void {
    if (this.url !== null) URL.revokeObjectURL(this.url);
    this.url = picture === null ? null : URL.createObjectURL(picture);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "camera-still": CameraStill;
  }
}
