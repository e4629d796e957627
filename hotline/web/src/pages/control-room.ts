// The control room: the wall of what is shared with its unit. Nobody touches it; it appears by itself.

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { keptQuality, type Quality } from "../core/quality.js";
import { PageFrame } from "../elements/page-frame.js";
import { RunningShares } from "../elements/shares-controller.js";
import { shared } from "../elements/style.js";
import { Localized } from "../text/language.js";
import "../elements/page-header.js";
import "../elements/quality-choice.js";
import "../elements/video-wall.js";
import "../elements/waiting-state.js";

/** Under which name its choices are kept. */
const PAGE = "control-room";

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
      main {
        flex: 1;
        min-height: 0;
        padding: 4px;
      }
    `,
  ];

  @state() private quality = keptQuality(PAGE);

  readonly #localized = new Localized(this);
  readonly #running = new RunningShares(this);
  readonly #frame = new PageFrame(this, (hotline) => this.#running.follow(hotline));

  override render(): TemplateResult {
    const { hotline } = this.#frame;
    if (hotline === null) return this.#frame.opening(this.#localized);
    const { shares, heard, last } = this.#running;
    return html`
      <page-header .hotline=${hotline} .heading=${this.#localized.texts.controlRoomPage}>
        <quality-choice
          .page=${PAGE}
          .quality=${this.quality}
          @quality-chosen=${(event: CustomEvent<Quality>) => {
            this.quality = event.detail;
          }}
        ></quality-choice>
      </page-header>
      <main data-shares=${shares.length}>
        ${
          shares.length === 0
            ? html`<waiting-state .connected=${heard} .last=${last}></waiting-state>`
            : html`<video-wall .hotline=${hotline} .shares=${shares} .quality=${this.quality}></video-wall>`
        }
      </main>
    `;
  }
}
