// <city-map>: where the cameras stand and look, where the incident is, how far is how far. Drawn from the
// city's own list of places: it needs no internet. Where the service names a tile server, its tiles lie beneath.
//
// Fires `place` ({latitude, longitude}) for a click on the map, `camera` ({id}) for one on a camera.

import { css, html, LitElement, type PropertyValues, type TemplateResult, unsafeCSS } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import Feature from "ol/Feature.js";
import type { FeatureLike } from "ol/Feature.js";
import OlMap from "ol/Map.js";
import View from "ol/View.js";
import type { Coordinate } from "ol/coordinate.js";
import { createEmpty, extendCoordinate, isEmpty } from "ol/extent.js";
import { circular } from "ol/geom/Polygon.js";
import Point from "ol/geom/Point.js";
import Attribution from "ol/control/Attribution.js";
import ScaleLine from "ol/control/ScaleLine.js";
import TileLayer from "ol/layer/Tile.js";
import VectorLayer from "ol/layer/Vector.js";
import olStyles from "ol/ol.css?inline";
import { fromLonLat, toLonLat } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import XYZ from "ol/source/XYZ.js";
import CircleStyle from "ol/style/Circle.js";
import Fill from "ol/style/Fill.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import { distance } from "../core/duration.js";
import type { City, InventoryCamera } from "../core/model.js";
import { Localized } from "../text/language.js";
import { cameraStyle, type CameraLook } from "./camera-symbol.js";
import { shared } from "./style.js";

export interface Spot {
  readonly latitude: number;
  readonly longitude: number;
}

/** Distance rings around the incident, metres; around the city's centre while there is none. */
const RINGS = [250, 500, 1000] as const;
const CITY_RINGS = [5000, 10_000, 15_000] as const;
const FONT = "'Apple SD Gothic Neo', 'Noto Sans KR', 'Malgun Gothic', NanumGothic, system-ui, sans-serif";

@customElement("city-map")
export class CityMap extends LitElement {
  static override styles = [
    shared,
    unsafeCSS(olStyles),
    css`
      :host {
        display: block;
        position: relative;
        background: #10161d;
      }
      .map {
        position: absolute;
        inset: 0;
      }
      .ol-scale-line {
        background: rgb(11 15 20 / 0.8);
      }
      .ol-scale-line-inner {
        border-color: var(--quiet);
        color: var(--text);
      }
      .buttons {
        position: absolute;
        top: 12px;
        right: 12px;
        display: grid;
        gap: 6px;
      }
      .buttons button {
        min-width: 48px;
        min-height: 48px;
        padding: 0 12px;
        background: rgb(20 26 33 / 0.92);
      }
      .zoom {
        font-size: 22px;
        line-height: 1;
      }
    `,
  ];

  @property({ attribute: false }) city: City | null = null;
  @property({ attribute: false }) cameras: readonly InventoryCamera[] = [];
  /** The incident, or the point where one is about to be reported. */
  @property({ attribute: false }) spot: Spot | null = null;
  /** Cameras by id that are candidates, with their rank. */
  @property({ attribute: false }) ranks: ReadonlyMap<string, number> = new Map();
  @property({ attribute: false }) chosen: ReadonlySet<string> = new Set();
  @property({ attribute: false }) highlighted: string | null = null;
  @query(".map") private box!: HTMLElement;

  readonly #localized = new Localized(this);
  readonly #places = new VectorSource();
  readonly #rings = new VectorSource();
  readonly #cameras = new VectorSource();
  readonly #candidates = new VectorSource();
  readonly #spots = new VectorSource();
  #map: OlMap | null = null;
  #language = this.#localized.language;

  override firstUpdated(): void {
    this.#map = new OlMap({
      target: this.box,
      layers: [
        new VectorLayer({ source: this.#rings }),
        new VectorLayer({ source: this.#cameras }),
        new VectorLayer({ source: this.#places, declutter: true }),
        new VectorLayer({ source: this.#candidates }),
        new VectorLayer({ source: this.#spots }),
      ],
      controls: [new ScaleLine()],
      view: new View({ center: [0, 0], zoom: 12, minZoom: 9, maxZoom: 19 }),
    });
    // A tablet that is turned shows the same place.
    this.#map.on("change:size", () => this.#frame());
    this.#map.on("singleclick", (event) => {
      const feature = this.#cameraAt(event.pixel);
      if (feature !== null) this.#fire("camera", { id: feature });
      else this.#fire("place", spotOf(event.coordinate));
    });
    this.#map.on("pointermove", (event) => {
      if (event.dragging) return;
      this.box.style.setProperty("cursor", this.#cameraAt(event.pixel) === null ? "crosshair" : "pointer");
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#map?.setTarget();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#map?.setTarget(this.box);
  }

  override updated(changed: PropertyValues<this>): void {
    const language = this.#localized.language;
    const renamed = language !== this.#language;
    this.#language = language;
    if (changed.has("city") || changed.has("cameras")) this.#frame();
    if (changed.has("city") || renamed) this.#drawPlaces();
    if (changed.has("spot") || changed.has("city")) this.#drawSpot();
    if (
      changed.has("cameras") ||
      changed.has("ranks") ||
      changed.has("chosen") ||
      changed.has("highlighted")
    ) {
      this.#drawCameras();
    }
  }

  override render(): TemplateResult {
    const { texts } = this.#localized;
    return html`
      <div class="map" tabindex="0" role="application" aria-label=${texts.mapLabel}></div>
      <div class="buttons">
        <button class="zoom" aria-label=${texts.zoomIn} @click=${() => this.#zoom(1)}>+</button>
        <button class="zoom" aria-label=${texts.zoomOut} @click=${() => this.#zoom(-1)}>−</button>
        <button @click=${() => this.#showCity()}>${texts.toCity}</button>
        <button ?hidden=${this.spot === null} @click=${() => this.showSpot()}>${texts.toIncident}</button>
      </div>
    `;
  }

  /** Brings the incident and the outermost ring into view. */
  showSpot(): void {
    if (this.spot === null || this.#map === null) return;
    const reach = circular([this.spot.longitude, this.spot.latitude], RINGS[2] * 1.05, 32);
    this.#map.getView().fit(reach.transform("EPSG:4326", "EPSG:3857").getExtent(), { padding: [8, 8, 8, 8] });
  }

  #frame(): void {
    if (this.spot === null) this.#showCity();
    else this.showSpot();
  }

  #showCity(): void {
    if (this.city === null || this.#map === null) return;
    const { tiles } = this.city.map;
    if (
      tiles !== null &&
      !this.#map
        .getLayers()
        .getArray()
        .some((layer) => layer instanceof TileLayer)
    ) {
      this.#map.getLayers().insertAt(0, new TileLayer({ source: new XYZ({ url: tiles }), opacity: 0.7 }));
      this.#map.addControl(new Attribution());
    }
    const view = this.#map.getView();
    view.setCenter(at(this.city.center));
    // What there is to see: the named places and the cameras.
    const extent = createEmpty();
    for (const spot of [...this.city.places, ...this.cameras]) extendCoordinate(extent, at(spot));
    if (!isEmpty(extent)) view.fit(extent, { padding: [60, 90, 60, 90], maxZoom: 14 });
  }

  #drawPlaces(): void {
    this.#places.clear();
    for (const place of this.city?.places ?? []) {
      const feature = new Feature(new Point(at(place)));
      feature.setStyle(
        new Style({
          image: new CircleStyle({ radius: 2.5, fill: new Fill({ color: "#74828f" }) }),
          text: label(this.#localized.name(place), "#b9c4cf", 14, 15),
        }),
      );
      this.#places.addFeature(feature);
    }
  }

  #drawSpot(): void {
    this.#rings.clear();
    this.#spots.clear();
    if (this.spot === null) {
      if (this.city !== null) this.#drawRings(this.city.center, CITY_RINGS, "#232d38");
      return;
    }
    this.#drawRings(this.spot, RINGS, "#4a5866");
    const mark = new Feature(new Point(at(this.spot)));
    mark.setStyle([
      new Style({
        image: new CircleStyle({ radius: 13, stroke: new Stroke({ color: "#ff6b5e", width: 3 }) }),
      }),
      new Style({ image: new CircleStyle({ radius: 5, fill: new Fill({ color: "#ff6b5e" }) }) }),
    ]);
    this.#spots.addFeature(mark);
    this.showSpot();
  }

  #drawRings(centre: Spot, radii: readonly number[], color: string): void {
    for (const metres of radii) {
      const ring = circular([centre.longitude, centre.latitude], metres, 128);
      ring.transform("EPSG:4326", "EPSG:3857");
      const feature = new Feature(ring);
      feature.setStyle(new Style({ stroke: new Stroke({ color, width: 1.25 }) }));
      const top = new Feature(new Point([at(centre)[0] ?? 0, ring.getExtent()[3] ?? 0]));
      top.setStyle(new Style({ text: label(distance(metres), "#8f9dab", 13, 10) }));
      this.#rings.addFeatures([feature, top]);
    }
  }

  #drawCameras(): void {
    this.#cameras.clear();
    this.#candidates.clear();
    for (const camera of this.cameras) {
      const feature = new Feature(new Point(at(camera)));
      feature.setId(camera.id);
      const look: CameraLook = {
        heading: camera.heading,
        fieldOfView: camera.field_of_view,
        rank: this.ranks.get(camera.id) ?? null,
        chosen: this.chosen.has(camera.id),
        highlighted: camera.id === this.highlighted,
      };
      feature.setStyle(cameraStyle(look));
      (look.rank === null ? this.#cameras : this.#candidates).addFeature(feature);
    }
  }

  #cameraAt(pixel: number[]): string | null {
    const found = this.#map?.forEachFeatureAtPixel(pixel, (feature: FeatureLike) => feature.getId(), {
      hitTolerance: 8,
      layerFilter: (layer) => layer.getSource() === this.#cameras || layer.getSource() === this.#candidates,
    });
    return typeof found === "string" ? found : null;
  }

  #zoom(by: number): void {
    const view = this.#map?.getView();
    view?.setZoom((view.getZoom() ?? 12) + by);
  }

  #fire(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function at(spot: Spot): Coordinate {
  return fromLonLat([spot.longitude, spot.latitude]);
}

function spotOf(coordinate: Coordinate): Spot {
  const [longitude = 0, latitude = 0] = toLonLat(coordinate);
  return { latitude, longitude };
}

function label(text: string, color: string, size: number, below: number): Text {
  return new Text({
    text,
    font: `500 ${String(size)}px ${FONT}`,
    fill: new Fill({ color }),
    stroke: new Stroke({ color: "#10161d", width: 4 }),
    offsetY: below,
  });
}
