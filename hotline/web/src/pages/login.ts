// Sign-in. Afterwards to where the person's work is, or back to the page that sent him here.

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { Api } from "../core/api.js";
import { HOME } from "../core/hotline.js";
import type { Problem, Role } from "../core/model.js";
import { shared } from "../elements/style.js";
import { Localized, pageLanguage } from "../text/language.js";
import "../elements/language-switch.js";

@customElement("login-page")
export class LoginPage extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        place-items: center;
        min-height: 100dvh;
        padding: 16px;
      }
      form {
        display: grid;
        gap: 16px;
        width: min(400px, 100%);
        padding: 32px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
      }
      h1 {
        font-size: 22px;
      }
      label {
        display: grid;
        gap: 6px;
      }
      button.primary {
        min-height: 52px;
        margin-top: 8px;
        font-size: 18px;
      }
    `,
  ];

  @state() private busy = false;
  @state() private failure: Problem | "unreachable" | null = null;
  @query("#username") private username!: HTMLInputElement;
  @query("#password") private password!: HTMLInputElement;
  readonly #localized = new Localized(this);
  readonly #api = new Api();

  override connectedCallback(): void {
    super.connectedCallback();
    document.documentElement.lang = pageLanguage.current;
  }

  override firstUpdated(): void {
    this.username.focus();
  }

  override render(): TemplateResult {
    const { texts } = this.#localized;
    return html`
      <form @submit=${this.#submit}>
        <header>
          <h1>${texts.signInTitle}</h1>
          <language-switch></language-switch>
        </header>
        <label>
          ${texts.username}
          <input
            id="username"
            name="username"
            autocomplete="username"
            autocapitalize="none"
            spellcheck="false"
            required
          />
        </label>
        <label>
          ${texts.password}
          <input id="password" name="password" type="password" autocomplete="current-password" required />
        </label>
        ${
          this.failure === null
            ? nothing
            : html`<p role="alert" class="wrong">${this.#words(this.failure)}</p>`
        }
        <button class="primary" ?disabled=${this.busy}>${this.busy ? texts.signingIn : texts.signIn}</button>
      </form>
    `;
  }

  #words(failure: Problem | "unreachable"): string {
    const { texts } = this.#localized;
    if (failure === "unreachable") return texts.errorUnreachable;
    return failure.status === 401 ? texts.errorSignIn : this.#localized.problem(failure);
  }

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (this.busy) return;
    this.busy = true;
    this.failure = null;
    const result = await this.#api.signIn(this.username.value, this.password.value);
    if (result.status === "success") {
      location.assign(destination(result.value.user.role, location.search));
      return; // stays busy: the page is left
    }
    this.busy = false;
    this.failure = result.status === "problem" ? result.problem : "unreachable";
    this.password.select();
  };
}

/** Where to go after signing in: a page of ours that was asked for, else the role's own. */
function destination(role: Role, search: string): string {
  const next = new URLSearchParams(search).get("next");
  const pages = ["/operator", "/cameras", "/control-room", "/vehicle"];
  return next !== null && pages.includes(next) ? next : HOME[role];
}
