// The centre's cameras: are they ready for a fire that may come, and what nobody may see of them.
//
// Keeps what was asked for and what came of it; drawing and choosing is the elements'.

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";
import type { Result } from "../core/api.js";
import { merged, type Readings } from "../core/cameras.js";
import type { Hotline } from "../core/hotline.js";
import type { InventoryCamera, Sweep } from "../core/model.js";
import { PageFrame } from "../elements/page-frame.js";
import { shared } from "../elements/style.js";
import { Localized } from "../text/language.js";
import { camerasStyle } from "./cameras-style.js";
import "../elements/camera-readings.js";
import "../elements/mask-editor.js";
import "../elements/page-header.js";
import "../elements/readiness-list.js";

const AGAIN = 2000;

@customElement("cameras-page")
export class CamerasPage extends LitElement {
  static override styles = [shared, camerasStyle];

  @state() private cameras: readonly InventoryCamera[] | null = null;
  @state() private turnable: ReadonlySet<string> = new Set();
  @state() private readings: Readings = new Map();
  @state() private sweep: Sweep | null = null;
  @state() private chosen: string | null = null;
  @state() private masking = false;
  @state() private busy = false;
  @state() private failure = "";
  @query("dialog") private question!: HTMLDialogElement;

  readonly #localized = new Localized(this);
  readonly #frame = new PageFrame(this, (hotline) => this.#follow(hotline));
  #unsaved = false;
  /** What waits for the word that the drawing may be lost. */
  #leaving: (() => void) | null = null;

  override render(): TemplateResult {
    const { hotline } = this.#frame;
    const { texts } = this.#localized;
    if (hotline === null) return this.#frame.opening(this.#localized);
    if (this.cameras === null) {
      return html`<p role="status">${this.failure === "" ? texts.loading : this.failure}</p>`;
    }
    const camera = this.cameras.find(({ id }) => id === this.chosen) ?? null;
    return html`
      <page-header .hotline=${hotline} .heading=${texts.camerasPage}>
        <a class="button" href="/operator">${texts.operatorLink}</a>
      </page-header>
      <main>
        <readiness-list
          .cameras=${this.cameras}
          .readings=${this.readings}
          .sweep=${this.sweep}
          .chosen=${this.chosen}
          .busy=${this.busy}
          .failure=${this.failure}
          @choose=${(event: CustomEvent<string>) => this.#leave(() => this.#choose(event.detail))}
          @sweep=${(event: CustomEvent<readonly string[] | null>) => void this.#check(hotline, event.detail)}
        ></readiness-list>
        <section class="detail">
          ${
            camera === null
              ? html`<p class="quiet">${texts.chooseCameraHint}</p>`
              : this.masking
                ? this.#masks(hotline, camera)
                : this.#camera(hotline, camera)
          }
        </section>
      </main>
      <dialog aria-label=${texts.leaveTitle} @close=${() => (this.#leaving = null)}>
        <p>${texts.leaveTitle}</p>
        <div class="acts">
          <button autofocus @click=${() => this.question.close()}>${texts.leaveNot}</button>
          <button class="danger" data-act="leave" @click=${() => this.#leaveNow()}>
            ${texts.leaveAnyway}
          </button>
        </div>
      </dialog>
    `;
  }

  #camera(hotline: Hotline, camera: InventoryCamera): TemplateResult {
    const { texts } = this.#localized;
    const running = this.sweep !== null && this.sweep.ended_at === null;
    return html`
      <div class="title">
        <h2>${this.#localized.name(camera)}</h2>
        <p class="quiet">${[camera.site, camera.purpose, camera.id].filter(Boolean).join(" · ")}</p>
        <button
          data-act="check"
          ?disabled=${this.busy || running}
          @click=${() => void this.#check(hotline, [camera.id])}
        >
          ${texts.sweepOne}
        </button>
      </div>
      <h3>${texts.masks}${camera.masked ? html` · ${texts.masked}` : nothing}</h3>
      <p class="quiet hint">${texts.masksHint}</p>
      <button data-act="masks" @click=${() => (this.masking = true)}>${texts.masksEdit}</button>
      <h3>${texts.history}</h3>
      <camera-readings
        .hotline=${hotline}
        .camera=${camera.id}
        .newest=${this.readings.get(camera.id)?.at ?? null}
      ></camera-readings>
    `;
  }

  #masks(hotline: Hotline, camera: InventoryCamera): TemplateResult {
    return html`${keyed(
      camera.id,
      html`<mask-editor
        .hotline=${hotline}
        .camera=${camera.id}
        .name=${this.#localized.name(camera)}
        .turnable=${this.turnable.has(camera.id)}
        @unsaved=${(event: CustomEvent<boolean>) => (this.#unsaved = event.detail)}
        @saved=${(event: CustomEvent<boolean>) => this.#masked(camera.id, event.detail)}
        @close=${() => this.#leave(() => (this.masking = false))}
      ></mask-editor>`,
    )}`;
  }

  #follow(hotline: Hotline): void {
    void this.#load(hotline);
    const { live } = hotline;
    live.subscribe((change) => {
      if (change === "world") {
        this.readings = merged(this.readings, live.world.readings);
        this.sweep = live.world.sweep ?? this.sweep;
      } else if (change === "status" && live.status === "open" && this.cameras !== null) {
        void this.#ask(hotline); // what was told while nobody listened
      }
    });
  }

  async #load(hotline: Hotline): Promise<void> {
    const [cameras, ptz] = await Promise.all([hotline.api.cameras(), hotline.api.ptz()]);
    if (ptz.status === "success") this.turnable = new Set(ptz.value.cameras);
    if (cameras.status === "success" && (await this.#ask(hotline))) {
      this.cameras = cameras.value.cameras;
      return;
    }
    if (cameras.status !== "success") this.#fail(cameras);
    if (cameras.status === "problem" && cameras.problem.status === 403) return; // this account never may
    setTimeout(() => void this.#load(hotline), AGAIN);
  }

  /** What is known of all cameras. */
  async #ask(hotline: Hotline): Promise<boolean> {
    const result = await hotline.api.readiness();
    if (result.status !== "success") {
      this.#fail(result);
      return false;
    }
    const found = new Map(
      result.value.cameras.flatMap(({ camera, reading }) => (reading === null ? [] : [[camera, reading]])),
    );
    this.failure = "";
    this.readings = merged(found, hotline.live.world.readings);
    this.sweep = result.value.sweep;
    return true;
  }

  async #check(hotline: Hotline, cameras: readonly string[] | null): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.failure = "";
    const result = await hotline.api.sweep(cameras);
    this.busy = false;
    if (result.status !== "success") this.#fail(result);
    // Its progress is told; it may be over already by the time of this answer.
    else if (this.sweep?.id !== result.value.id) this.sweep = result.value;
  }

  #choose(camera: string): void {
    this.chosen = camera;
    this.masking = false;
  }

  #masked(id: string, masked: boolean): void {
    this.cameras = this.cameras?.map((each) => (each.id === id ? { ...each, masked } : each)) ?? null;
  }

  /** Goes on with `where`, once nothing that is not saved is lost by it. */
  #leave(where: () => void): void {
    if (!this.#unsaved) {
      where();
      return;
    }
    this.question.showModal();
    this.#leaving = where;
  }

  #leaveNow(): void {
    const where = this.#leaving;
    this.#unsaved = false;
    this.question.close();
    where?.();
  }

  #fail(result: Result<unknown>): void {
    if (result.status === "problem") this.failure = this.#localized.problem(result.problem);
    else if (result.status === "unreachable") this.failure = this.#localized.texts.errorUnreachable;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "cameras-page": CamerasPage;
  }
}
