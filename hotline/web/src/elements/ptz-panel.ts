// <ptz-panel>: one camera, large, and its head: a purpose first, then arrows to hold, presets, the time left.
//
// By touch, mouse and keyboard (arrow keys, + and -). Letting go stops; so does a page that is left or hidden.
// Fires `close`. For tests: data-lease while the camera is ours.

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Result } from "../core/api.js";
import { countdown } from "../core/duration.js";
import { Hold } from "../core/hold.js";
import type { Hotline } from "../core/hotline.js";
import type { Named, PtzLease, PtzMove } from "../core/model.js";
import type { Target } from "../core/pool.js";
import { Localized } from "../text/language.js";
import type { Texts } from "../text/ko.js";
import { ptzPanelStyle } from "./ptz-panel-style.js";
import { Pulse } from "./pulse.js";
import { shared } from "./style.js";
import "./camera-tile.js";

const SPEED = 0.5;
const SOON = 15_000;

interface Arrow {
  readonly move: PtzMove;
  readonly sign: string;
  readonly key: string;
  readonly area: string;
  readonly name: (texts: Texts) => string;
}

const ARROWS: readonly Arrow[] = [
  { move: { tilt: SPEED }, sign: "▲", key: "ArrowUp", area: "up", name: (texts) => texts.ptzUp },
  { move: { pan: -SPEED }, sign: "◀", key: "ArrowLeft", area: "west", name: (texts) => texts.ptzLeft },
  { move: { pan: SPEED }, sign: "▶", key: "ArrowRight", area: "east", name: (texts) => texts.ptzRight },
  { move: { tilt: -SPEED }, sign: "▼", key: "ArrowDown", area: "down", name: (texts) => texts.ptzDown },
  { move: { zoom: SPEED }, sign: "+", key: "+", area: "in", name: (texts) => texts.ptzIn },
  { move: { zoom: -SPEED }, sign: "−", key: "-", area: "out", name: (texts) => texts.ptzOut },
];

@customElement("ptz-panel")
export class PtzPanel extends LitElement {
  static override styles = [shared, ptzPanelStyle];

  @property({ attribute: false }) hotline: Hotline | null = null;
  @property({ attribute: false }) target: Target | null = null;
  @property({ attribute: false }) camera = "";
  @property({ attribute: false }) name = "";
  @property({ attribute: false }) incident: string | null = null;
  @property({ attribute: false }) purposes: readonly Named[] = [];
  @state() private lease: PtzLease | null = null;
  @state() private purpose: string | null = null;
  @state() private busy = false;
  @state() private failure = "";
  @state() private notice = "";
  @state() private held: string | null = null;
  @state() private left = 0;

  readonly #localized = new Localized(this);
  readonly #hold = new Hold();
  #deafen = (): void => undefined;

  constructor() {
    super();
    this.addController(new Pulse(this, () => this.#look()));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("keydown", this.#onKey);
    this.addEventListener("keyup", this.#letGo);
    addEventListener("blur", this.#letGo);
    document.addEventListener("visibilitychange", this.#letGo);
    if (this.hasUpdated) this.#listen();
  }

  override updated(changed: PropertyValues): void {
    if (changed.has("hotline")) this.#listen();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#deafen();
    this.removeEventListener("keydown", this.#onKey);
    this.removeEventListener("keyup", this.#letGo);
    removeEventListener("blur", this.#letGo);
    document.removeEventListener("visibilitychange", this.#letGo);
    this.#letGo();
    // The panel is gone: the camera goes back. Should this not arrive, the lease ends by itself.
    if (this.lease !== null) void this.hotline?.api.ptzEnd(this.lease.camera);
    this.lease = null;
  }

  override render(): TemplateResult {
    const { texts } = this.#localized;
    return html`
      <div class="line">
        <button @click=${() => this.dispatchEvent(new CustomEvent("close"))}>← ${texts.ptzClose}</button>
        <strong class="grow">${this.name}</strong>
        ${this.lease === null ? nothing : this.#time(texts, this.lease)}
      </div>
      <camera-tile
        .hotline=${this.hotline}
        .target=${this.target}
        .name=${this.name}
        .profile=${"main"}
      ></camera-tile>
      ${this.failure === "" ? nothing : html`<p role="alert" class="wrong">${this.failure}</p>`}
      ${this.notice === "" ? nothing : html`<p role="status" class="quiet">${this.notice}</p>`}
      ${this.lease === null ? this.#question(texts) : this.#controls(texts, this.lease)}
    `;
  }

  #question(texts: Texts): TemplateResult {
    return html`
      <p class="quiet">${texts.ptzLaw}</p>
      <form class="line" @submit=${this.#take}>
        <select id="ptz-purpose" required aria-label=${texts.purpose} @change=${this.#onPurpose}>
          <option value="" ?selected=${this.purpose === null}>${texts.ptzPurpose}</option>
          ${this.purposes.map((each) => html`<option value=${each.code}>${this.#localized.of(each)}</option>`)}
        </select>
        <button class="primary" ?disabled=${this.busy || this.purpose === null}>${texts.ptzTake}</button>
      </form>
    `;
  }

  #controls(texts: Texts, lease: PtzLease): TemplateResult {
    return html`
      <div class="controls" ?data-lease=${true}>
        <div class="pad" role="group" aria-label=${texts.ptzPad}>
          ${ARROWS.map(
            (arrow) => html`
              <button
                class=${this.held === arrow.key ? `${arrow.area} held` : arrow.area}
                data-key=${arrow.key}
                aria-label=${arrow.name(texts)}
                @pointerdown=${(event: PointerEvent) => this.#press(event, arrow)}
                @pointerup=${this.#letGo}
                @pointercancel=${this.#letGo}
                @lostpointercapture=${this.#letGo}
                @contextmenu=${(event: Event) => event.preventDefault()}
              >
                ${arrow.sign}
              </button>
            `,
          )}
        </div>
        <div class="presets" role="group" aria-label=${texts.ptzPresets}>
          ${lease.presets.map(
            (preset) => html`
              <button
                ?disabled=${this.busy}
                data-preset=${preset.token}
                @click=${() => this.#goto(preset.token)}
              >
                ${preset.name}
              </button>
            `,
          )}
        </div>
      </div>
      <p class="quiet">${texts.ptzHint}</p>
    `;
  }

  #time(texts: Texts, lease: PtzLease): TemplateResult {
    const longer = Date.parse(lease.latest_at) - Date.parse(lease.ends_at) > 1000;
    return html`
      <span class="left digits ${this.left < SOON ? "soon" : ""}" aria-label=${texts.timeLeft}>
        ${countdown(this.left)}
      </span>
      <button ?disabled=${this.busy || !longer} @click=${this.#renew}>${texts.ptzLonger}</button>
      <button class="danger" ?disabled=${this.busy} @click=${this.#giveBack}>${texts.ptzEnd}</button>
    `;
  }

  #look(): void {
    if (this.lease === null) return;
    const now = this.hotline?.live.serverNow() ?? Date.now();
    const left = Math.max(0, Date.parse(this.lease.ends_at) - now);
    if (left === 0) this.#over(this.#localized.texts.ptzOver);
    else if (Math.ceil(left / 1000) !== Math.ceil(this.left / 1000)) this.left = left;
  }

  /** The service may end a lease before its time: then it says so, and why. */
  #listen(): void {
    this.#deafen();
    const { hotline } = this;
    if (hotline === null) return;
    this.#deafen = hotline.live.subscribe((change) => {
      if (this.lease === null) return;
      const end = hotline.live.world.leaseEnd;
      if (change === "world" && end !== null && end.lease.id === this.lease.id) {
        this.#over(this.#localized.texts.ptzEnded(this.#localized.of(end.reason)));
      } else if (change === "status" && hotline.live.status === "open") {
        void this.#ask(hotline, this.lease); // it may have been said while nobody listened
      }
    });
  }

  async #ask(hotline: Hotline, lease: PtzLease): Promise<void> {
    const result = await hotline.api.ptzState(lease.camera);
    if (result.status !== "success" || this.lease?.id !== lease.id) return;
    if (result.value.lease?.id !== lease.id) this.#over(this.#localized.texts.ptzOver);
  }

  #over(notice: string): void {
    this.#letGo();
    this.lease = null;
    this.failure = "";
    this.notice = notice;
  }

  readonly #onPurpose = (event: Event): void => {
    const chosen = event.target instanceof HTMLSelectElement ? event.target.value : "";
    this.purpose = chosen === "" ? null : chosen;
  };

  readonly #take = (event: Event): void => {
    event.preventDefault();
    void this.#lease();
  };

  readonly #renew = (): void => void this.#lease();

  async #lease(): Promise<void> {
    const { hotline, purpose } = this;
    if (hotline === null || purpose === null) return;
    const taken = await this.#busily(() => hotline.api.ptzLease(this.camera, purpose, this.incident));
    if (taken === null) return;
    if (!this.isConnected) {
      void hotline.api.ptzEnd(this.camera);
      return;
    }
    this.lease = taken;
    this.#look();
  }

  readonly #giveBack = async (): Promise<void> => {
    const { hotline } = this;
    this.#letGo();
    if (hotline === null) return;
    const ended = await this.#busily(() => hotline.api.ptzEnd(this.camera));
    if (ended === null) return;
    this.lease = null;
    const { texts } = this.#localized;
    this.notice = ended.returned === true ? texts.ptzReturned : texts.ptzReturning;
  };

  async #goto(preset: string): Promise<void> {
    const { hotline } = this;
    if (hotline !== null) await this.#busily(() => hotline.api.ptzPreset(this.camera, preset));
  }

  #press(event: PointerEvent, arrow: Arrow): void {
    if (event.button !== 0) return;
    if (event.currentTarget instanceof HTMLElement) event.currentTarget.setPointerCapture(event.pointerId);
    this.#begin(arrow);
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (this.lease === null || event.ctrlKey || event.altKey || event.metaKey) return;
    const focused = event.composedPath()[0];
    if (focused instanceof HTMLSelectElement) return;
    const pressed = event.key === " " || event.key === "Enter" ? keyOf(focused) : event.key;
    const arrow = ARROWS.find(({ key }) => key === (pressed === "=" ? "+" : pressed));
    if (arrow === undefined) return;
    event.preventDefault();
    if (!event.repeat) this.#begin(arrow);
  };

  #begin(arrow: Arrow): void {
    const { hotline, camera } = this;
    if (hotline === null || this.lease === null) return;
    this.held = arrow.key;
    this.failure = "";
    this.notice = "";
    this.#hold.begin({
      again: async () => this.#took(await hotline.api.ptzMove(camera, arrow.move)),
      stop: async () => void this.#took(await hotline.api.ptzStop(camera)),
    });
  }

  readonly #letGo = (): void => {
    this.held = null;
    this.#hold.end();
  };

  #took(result: Result<PtzLease>): boolean {
    if (result.status === "success") return true;
    this.#fail(result);
    return false;
  }

  async #busily<T>(act: () => Promise<Result<T>>): Promise<T | null> {
    if (this.busy) return null;
    this.busy = true;
    this.failure = "";
    this.notice = "";
    const result = await act();
    this.busy = false;
    if (result.status === "success") return result.value;
    this.#fail(result);
    return null;
  }

  #fail(result: Result<unknown>): void {
    this.held = null;
    if (result.status === "problem") this.failure = this.#localized.problem(result.problem);
    else if (result.status === "unreachable") this.failure = this.#localized.texts.errorUnreachable;
  }
}

function keyOf(focused: EventTarget | undefined): string {
  return focused instanceof HTMLElement ? (focused.dataset["key"] ?? "") : "";
}

declare global {
  interface HTMLElementTagNameMap {
    "ptz-panel": PtzPanel;
  }
}
