import { LitElement, html } from "lit";
import { customElement } from "lit/decorators.js";

@customElement("control-room-page")
export class Page extends LitElement {
  override render(): unknown {
    return html`<main>control-room</main>`;
  }
}
