// The operator: an incident on the map, the cameras around it, and who shall see them.
//
// Keeps what was asked for and what came of it; drawing and choosing is the elements'.

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { NewIncident, Result } from "../core/api.js";
import { timeOfDay } from "../core/duration.js";
import type { Hotline } from "../core/hotline.js";
import type { Incident, Share } from "../core/model.js";
import { type Lists, loadLists } from "../core/operator-lists.js";
import { randomId } from "../core/random.js";
import { CandidatePreview } from "../elements/candidate-preview.js";
import type { Spot } from "../elements/city-map.js";
import { PageFrame } from "../elements/page-frame.js";
import type { ShareChoice } from "../elements/share-panel.js";
import { RunningShares } from "../elements/shares-controller.js";
import { shared } from "../elements/style.js";
import { Localized } from "../text/language.js";
import { operatorStyle } from "./operator-style.js";
import "../elements/candidate-list.js";
import "../elements/city-map.js";
import "../elements/page-header.js";
import "../elements/ptz-panel.js";
import "../elements/report-form.js";
import "../elements/running-shares.js";
import "../elements/share-panel.js";

/** How many of the ranked cameras are chosen beforehand. */
const PRESELECTED = 9;
/** How many more are shown when more are asked for, and how many at most. */
const MORE = 9;
const MOST = 64;

@customElement("operator-page")
export class OperatorPage extends LitElement {
  static override styles = [shared, operatorStyle];

  @state() private lists: Lists | null = null;
  /** Where an incident is about to be reported; null when none is. */
  @state() private draft: { readonly spot: Spot | null } | null = null;
  @state() private incident: Incident | null = null;
  @state() private chosen: ReadonlySet<string> = new Set();
  @state() private highlighted: string | null = null;
  @state() private busy = false;
  @state() private busyShares: ReadonlySet<string> = new Set();
  @state() private failure = "";
  @state() private closing = false;
  @state() private mayBeMore = false;
  /** The camera that is turned; null while none is. */
  @state() private turning: string | null = null;

  readonly #localized = new Localized(this);
  readonly #running = new RunningShares(this);
  readonly #preview = new CandidatePreview(this);
  readonly #frame = new PageFrame(this, (hotline) => {
    this.#running.follow(hotline);
    void this.#load(hotline);
  });
  /** The same for the same act until it succeeded: pressing again after a lost answer makes nothing twice. */
  #key = randomId();

  override render(): TemplateResult {
    const { hotline } = this.#frame;
    const { texts } = this.#localized;
    if (hotline === null) return this.#frame.opening(this.#localized);
    if (this.lists === null) {
      return html`<p role="status">${this.failure === "" ? texts.loading : this.failure}</p>`;
    }
    const { lists } = this;
    const candidates = this.incident?.candidates ?? [];
    return html`
      <page-header .hotline=${hotline} .heading=${texts.operatorPage}>
        <a class="button" href="/cameras">${texts.camerasLink}</a>
      </page-header>
      <main>
        <div class="left">
          <city-map
            .city=${lists.city}
            .cameras=${lists.cameras}
            .spot=${this.incident ?? this.draft?.spot ?? null}
            .ranks=${new Map(candidates.map(({ camera, rank }) => [camera.id, rank]))}
            .chosen=${this.chosen}
            .highlighted=${this.highlighted}
            @place=${(event: CustomEvent<Spot>) => this.#draftAt(event.detail)}
            @camera=${(event: CustomEvent<{ id: string }>) => this.#toggle(event.detail.id)}
          ></city-map>
          <section class="shares" aria-label=${texts.runningShares}>
            <h2>${texts.runningShares}</h2>
            <running-shares
              .hotline=${hotline}
              .shares=${this.#running.shares}
              .busy=${this.busyShares}
              @extend=${(event: CustomEvent<{ share: string; minutes: number }>) =>
                void this.#act(
                  event.detail.share,
                  hotline.api.extend(event.detail.share, event.detail.minutes),
                )}
              @end=${(event: CustomEvent<string>) =>
                void this.#act(event.detail, hotline.api.end(event.detail))}
              @open=${(event: CustomEvent<string>) => void this.#open(hotline, event.detail)}
            ></running-shares>
          </section>
        </div>
        <section class="panel" aria-label=${texts.incident}>${this.#panel(hotline, lists)}</section>
      </main>
    `;
  }

  #panel(hotline: Hotline, lists: Lists): TemplateResult {
    if (this.incident !== null) return this.#incidentPanel(hotline, lists, this.incident);
    if (this.draft !== null) {
      return html`<div class="scroll">
        <report-form
          .kinds=${lists.kinds}
          .places=${lists.city.places}
          .spot=${this.draft.spot}
          .busy=${this.busy}
          .failure=${this.failure}
          @place=${(event: CustomEvent<Spot>) => this.#draftAt(event.detail)}
          @cancel=${() => this.#leave()}
          @report=${(event: CustomEvent<NewIncident>) => void this.#report(hotline, event.detail)}
        ></report-form>
      </div>`;
    }
    return this.#overview(hotline);
  }

  #overview(hotline: Hotline): TemplateResult {
    const { texts } = this.#localized;
    const incidents = [...hotline.live.world.incidents.values()].toSorted((a, b) =>
      b.reported_at.localeCompare(a.reported_at),
    );
    return html`
      <div class="scroll">
        <button class="primary wide" @click=${() => this.#draftAt(null)}>${texts.newIncident}</button>
        <p class="quiet hint">${texts.reportHint}</p>
        <h2>${texts.openIncidents}</h2>
        ${this.failure === "" ? nothing : html`<p role="alert" class="wrong">${this.failure}</p>`}
        ${incidents.length === 0 ? html`<p class="quiet">${texts.noIncidents}</p>` : nothing}
        <ul class="incidents">
          ${incidents.map(
            (incident) => html`
              <li>
                <button data-incident=${incident.id} @click=${() => void this.#open(hotline, incident.id)}>
                  <strong>${this.#localized.of(incident.kind)}</strong>
                  <span>${incident.address ?? incident.number}</span>
                  <span class="quiet digits">${timeOfDay(Date.parse(incident.reported_at)).slice(0, 5)}</span>
                </button>
              </li>
            `,
          )}
        </ul>
      </div>
    `;
  }

  #incidentPanel(hotline: Hotline, lists: Lists, incident: Incident): TemplateResult {
    const { texts } = this.#localized;
    const candidates = incident.candidates ?? [];
    const mine = this.#running.shares.filter((share) => share.incident.id === incident.id);
    return html`
      <header>
        <button class="back" @click=${() => this.#leave()}>← ${texts.back}</button>
        <div class="title">
          <h2><span class="kind">${this.#localized.of(incident.kind)}</span> ${incident.address ?? ""}</h2>
          <p class="quiet digits">
            ${texts.chosen(this.chosen.size, candidates.length)} · ${incident.number} ·
            ${texts.reportedAt(timeOfDay(Date.parse(incident.reported_at)))}
          </p>
        </div>
        ${
          this.closing
            ? html`
                <p class="sure">${texts.closeIncidentSure}</p>
                <button
                  class="danger"
                  ?disabled=${this.busy}
                  @click=${() => void this.#close(hotline, incident.id)}
                >
                  ${texts.closeIncidentNow}
                </button>
                <button @click=${() => (this.closing = false)}>${texts.keep}</button>
              `
            : html`<button @click=${() => (this.closing = true)}>${texts.closeIncident}</button>`
        }
      </header>
      ${this.turning === null ? nothing : this.#turnPanel(hotline, lists, incident, this.turning)}
      <div class="scroll" aria-label=${texts.candidates} ?hidden=${this.turning !== null}>
        <candidate-list
          .hotline=${hotline}
          .candidates=${candidates}
          .targets=${this.#preview.targets}
          .chosen=${this.chosen}
          .sharedAlready=${new Set(mine.flatMap((share) => share.cameras.map((camera) => camera.id)))}
          .highlighted=${this.highlighted}
          .preview=${this.#preview.share}
          .turnable=${new Set(lists.ptz.cameras)}
          @turn=${(event: CustomEvent<string>) => (this.turning = event.detail)}
          @choose=${(event: CustomEvent<ReadonlySet<string>>) => this.#choose(event.detail)}
          @highlight=${(event: CustomEvent<string | null>) => (this.highlighted = event.detail)}
        ></candidate-list>
        ${
          this.mayBeMore
            ? html`<button
                class="wide more"
                ?disabled=${this.busy}
                @click=${() => void this.#more(hotline, incident)}
              >
                ${texts.moreCameras}
              </button>`
            : nothing
        }
      </div>
      <footer ?hidden=${this.turning !== null}>
        <share-panel
          .units=${lists.units}
          .purposes=${lists.purposes}
          .legalBases=${lists.legalBases}
          .cameraCount=${this.chosen.size}
          .busy=${this.busy}
          .failure=${this.failure}
          @share=${(event: CustomEvent<ShareChoice>) => void this.#share(hotline, incident, event.detail)}
        ></share-panel>
      </footer>
    `;
  }

  #turnPanel(hotline: Hotline, lists: Lists, incident: Incident, id: string): TemplateResult {
    const camera = incident.candidates?.find((each) => each.camera.id === id)?.camera;
    return html`
      <div class="scroll">
        <ptz-panel
          .hotline=${hotline}
          .target=${this.#preview.targets.get(id) ?? null}
          .camera=${id}
          .name=${camera === undefined ? id : this.#localized.name(camera)}
          .incident=${incident.id}
          .purposes=${lists.ptz.purposes}
          @close=${() => (this.turning = null)}
        ></ptz-panel>
      </div>
    `;
  }

  async #load(hotline: Hotline): Promise<void> {
    const result = await loadLists(hotline.api);
    if (result.status === "success") {
      this.failure = "";
      this.lists = result.value;
      return;
    }
    this.#fail(result);
    if (result.status === "problem" && result.problem.status === 403) return; // this account never may
    setTimeout(() => void this.#load(hotline), 2000);
  }

  #draftAt(spot: Spot | null): void {
    this.#leave();
    this.draft = { spot };
  }

  async #report(hotline: Hotline, wanted: NewIncident): Promise<void> {
    const result = await this.#busily(() => hotline.api.report(wanted, this.#key));
    if (result === null) return;
    this.#show(hotline, result);
  }

  async #open(hotline: Hotline, id: string): Promise<void> {
    const result = await this.#busily(() => hotline.api.incident(id));
    if (result !== null) this.#show(hotline, result);
  }

  #show(hotline: Hotline, incident: Incident): void {
    this.#leave();
    this.incident = incident;
    const candidates = incident.candidates ?? [];
    const cameras = candidates.map(({ camera }) => camera.id);
    this.chosen = new Set(cameras.slice(0, PRESELECTED));
    this.mayBeMore = cameras.length > 0 && cameras.length < (this.lists?.cameras.length ?? 0);
    if (cameras.length === 0) return;
    this.#preview.begin(hotline, incident.id, () => {
      const all = (this.incident?.candidates ?? []).map(({ camera }) => camera.id);
      return { cameras: all, live: all.filter((camera) => this.chosen.has(camera)) };
    });
  }

  #choose(chosen: ReadonlySet<string>): void {
    this.chosen = chosen;
    this.#preview.againSoon();
  }

  async #more(hotline: Hotline, incident: Incident): Promise<void> {
    const shown = incident.candidates?.length ?? 0;
    const result = await this.#busily(() => hotline.api.incident(incident.id, Math.min(MOST, shown + MORE)));
    if (result === null || this.incident?.id !== incident.id) return;
    this.incident = result;
    const found = result.candidates?.length ?? 0;
    this.mayBeMore = found >= shown + MORE && found < MOST;
    await this.#preview.again();
  }

  async #share(hotline: Hotline, incident: Incident, choice: ShareChoice): Promise<void> {
    const order = (incident.candidates ?? []).map(({ camera }) => camera.id);
    const cameras = order.filter((id) => this.chosen.has(id));
    await this.#busily(() => hotline.api.share(incident.id, { ...choice, cameras }, this.#key));
  }

  async #close(hotline: Hotline, id: string): Promise<void> {
    const resume = this.#preview.pause(); // no still is asked for that would be refused by then
    const result = await this.#busily(() => hotline.api.close(id));
    if (result === null) resume();
    else this.#leave();
  }

  /** Back to the list; the preview ends with its last tile. */
  #leave(): void {
    this.#preview.end();
    this.mayBeMore = false;
    this.incident = null;
    this.draft = null;
    this.chosen = new Set();
    this.highlighted = null;
    this.failure = "";
    this.closing = false;
    this.turning = null;
  }

  #toggle(id: string): void {
    if (!(this.incident?.candidates ?? []).some(({ camera }) => camera.id === id)) return;
    const chosen = new Set(this.chosen);
    if (!chosen.delete(id)) chosen.add(id);
    this.#choose(chosen);
  }

  /** One act at a time; its value, or null with the reason on the page. */
  async #busily<T>(act: () => Promise<Result<T>>): Promise<T | null> {
    if (this.busy) return null;
    this.busy = true;
    this.failure = "";
    const result = await act();
    this.busy = false;
    if (result.status === "success") {
      this.#key = randomId();
      return result.value;
    }
    // A refusal made nothing: what is sent next is another request, and wants its own key.
    if (result.status === "problem") this.#key = randomId();
    this.#fail(result);
    return null;
  }

  async #act(share: string, request: Promise<Result<Share>>): Promise<void> {
    this.busyShares = new Set([...this.busyShares, share]);
    const result = await request;
    this.busyShares = new Set([...this.busyShares].filter((id) => id !== share));
    if (result.status !== "success") this.#fail(result);
  }

  #fail(result: Result<unknown>): void {
    if (result.status === "problem") this.failure = this.#localized.problem(result.problem);
    else if (result.status === "unreachable") this.failure = this.#localized.texts.errorUnreachable;
  }
}
