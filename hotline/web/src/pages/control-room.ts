// The control room: the wall of what is shared with its unit. Nobody touches it; it appears by itself.

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { PageFrame } from "../elements/page-frame.js";
import { PageQuality } from "../elements/page-quality.js";
import { RunningShares } from "../elements/shares-controller.js";
import { shared } from "../elements/style.js";
import { Localized } from "../text/language.js";
import "../elements/page-header.js";
import "../elements/video-wall.js";
import "../elements/waiting-state.js";

@customElement("control-room-page")
export class ControlRoomPage extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: flex;
        flex-direction: column;
        height: 100dvh;
      }
      quality-lack {
        font-size: clamp(16px, 0.85vw, 30px); /* as the header above */
      }
      main {
        flex: 1;
        min-height: 0;
        padding: 4px;
      }
    `,
  ];

  readonly #localized = new Localized(this);
  readonly #quality = new PageQuality(this, "control-room", true);
  readonly #running = new RunningShares(this);
  readonly #frame = new PageFrame(this, (hotline) => {
    this.#running.follow(hotline);
    this.#quality.follow(hotline);
  });

  override render(): TemplateResult {
    const { hotline } = this.#frame;
    if (hotline === null) return this.#frame.opening(this.#localized);
    const { shares, heard, last } = this.#running;
    return html`
      <page-header .hotline=${hotline} .heading=${this.#localized.texts.controlRoomPage}>
        ${this.#quality.choice()}
      </page-header>
      ${this.#quality.notice()}
      <main data-shares=${shares.length}>
        ${
          shares.length === 0
            ? html`<waiting-state .connected=${heard} .last=${last}></waiting-state>`
            : html`<video-wall
                .hotline=${hotline}
                .shares=${shares}
                .quality=${this.#quality.quality}
              ></video-wall>`
        }
      </main>
    `;
  }
}
