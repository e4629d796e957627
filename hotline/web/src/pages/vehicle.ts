import { LitElement, html } from "lit";
import { customElement } from "lit/decorators.js";

@customElement("vehicle-page")
export class Page extends LitElement {
  override render(): unknown {
    return html`<main>vehicle</main>`;
  }
}
