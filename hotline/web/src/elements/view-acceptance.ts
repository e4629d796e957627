// <view-acceptance>: where a camera looks elsewhere than it used to, the word that it was moved on purpose. Shows
// nothing while nothing is to be said.
//
// For tests: data-moved on the element itself.

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Hotline } from "../core/hotline.js";
import { Localized } from "../text/language.js";
import { shared } from "./style.js";

const MOVED = "moved";

@customElement("view-acceptance")
export class ViewAcceptance extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: block;
        font-size: 13.5px;
        line-height: 1.25;
      }
      .box {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 4px;
        padding: 4px;
      }
      p {
        grid-column: 1 / -1;
        padding: 2px;
      }
      button {
        padding: 0 8px;
      }
      .box > button:first-child {
        grid-column: 1 / -1;
      }
    `,
  ];

  @property({ attribute: false }) hotline: Hotline | null = null;
  @property({ attribute: false }) camera = "";
  @state() private moved = false;
  @state() private asking = false;
  @state() private busy = false;
  @state() private accepted = false;
  @state() private failure = "";

  readonly #localized = new Localized(this);
  #deafen = (): void => undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#listen();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#deafen();
  }

  override updated(changed: PropertyValues): void {
    if (changed.has("hotline") || changed.has("camera")) this.#listen();
    this.toggleAttribute("data-moved", this.moved);
  }

  override render(): TemplateResult | typeof nothing {
    const { texts } = this.#localized;
    if (!this.moved) return nothing;
    if (this.accepted) return html`<div class="box"><p role="status">${texts.acceptedView}</p></div>`;
    return html`
      <div class="box">
        ${
          this.asking
            ? html`
                <p>${texts.acceptViewSure}</p>
                <button class="primary" ?disabled=${this.busy} @click=${this.#accept}>
                  ${texts.acceptViewNow}
                </button>
                <button ?disabled=${this.busy} @click=${() => (this.asking = false)}>${texts.cancel}</button>
              `
            : html`<button @click=${() => (this.asking = true)}>${texts.acceptView}</button>`
        }
        ${this.failure === "" ? nothing : html`<p role="alert" class="wrong">${this.failure}</p>`}
      </div>
    `;
  }

  #listen(): void {
    this.#deafen();
    const { hotline, camera } = this;
    if (hotline === null) return;
    const look = (): void => {
      this.moved = hotline.live.feed(camera)?.picture.some(({ code }) => code === MOVED) ?? false;
      if (this.moved) return;
      this.asking = false;
      this.accepted = false;
      this.failure = "";
    };
    this.#deafen = hotline.live.subscribe((change) => {
      if (change === "feeds") look();
    });
    look();
  }

  readonly #accept = async (): Promise<void> => {
    const { hotline } = this;
    if (hotline === null || this.busy) return;
    this.busy = true;
    this.failure = "";
    const result = await hotline.api.acceptView(this.camera);
    this.busy = false;
    if (result.status === "success") this.accepted = true;
    else if (result.status === "problem") this.failure = this.#localized.problem(result.problem);
    else this.failure = this.#localized.texts.errorUnreachable;
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "view-acceptance": ViewAcceptance;
  }
}
