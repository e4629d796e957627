// How a camera looks on the map: a dot, a wedge where it looks, its rank if it is a candidate. In pixels, so
// that it reads at every scale.

import type { State } from "ol/render.js";
import Style from "ol/style/Style.js";

export interface CameraLook {
  /** Degrees clockwise from north; null if nobody entered it. */
  readonly heading: number | null;
  readonly fieldOfView: number | null;
  readonly rank: number | null;
  readonly chosen: boolean;
  readonly highlighted: boolean;
}

/** Beyond this scale, metres a pixel, a city's cameras are dots: their wedges would be one smear. */
const COARSE = 20;
/** Fixed cameras with a usual lens, degrees, where the inventory does not say. */
const USUAL_FIELD_OF_VIEW = 80;

export function cameraStyle(look: CameraLook): Style {
  return new Style({
    renderer: (coordinates, state) => draw(coordinates, state, look),
    zIndex: look.highlighted ? 3 : look.rank === null ? 1 : 2,
  });
}

function draw(
  coordinates: readonly unknown[],
  { context, pixelRatio, resolution }: State,
  look: CameraLook,
): void {
  const [x, y] = coordinates;
  if (typeof x !== "number" || typeof y !== "number") return; // not a point
  const candidate = look.rank !== null;
  const color = look.chosen ? "242, 179, 61" : candidate ? "238, 242, 246" : "124, 140, 156";
  const scale = pixelRatio * (look.highlighted ? 1.3 : 1);
  context.save();
  context.translate(x, y);
  context.scale(scale, scale);
  if (look.heading !== null && (candidate || resolution < COARSE)) {
    const middle = ((look.heading - 90) * Math.PI) / 180;
    const half = (((look.fieldOfView ?? USUAL_FIELD_OF_VIEW) / 2) * Math.PI) / 180;
    context.beginPath();
    context.moveTo(0, 0);
    context.arc(0, 0, candidate ? 38 : 24, middle - half, middle + half);
    context.closePath();
    context.fillStyle = `rgba(${color}, ${candidate ? "0.3" : "0.22"})`;
    context.fill();
  }
  context.beginPath();
  context.arc(0, 0, candidate ? 11 : resolution < COARSE ? 4.5 : 2.5, 0, 2 * Math.PI);
  context.fillStyle = candidate && !look.chosen ? "rgb(16, 22, 29)" : `rgb(${color})`;
  context.fill();
  context.lineWidth = look.highlighted ? 3 : 2;
  context.strokeStyle = look.highlighted
    ? "rgb(124, 196, 255)"
    : candidate
      ? `rgb(${color})`
      : "rgb(16, 22, 29)";
  context.stroke();
  if (look.rank !== null) {
    context.font = "700 13px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = look.chosen ? "rgb(25, 18, 4)" : "rgb(238, 242, 246)";
    context.fillText(String(look.rank), 0, 0.5);
  }
  context.restore();
}
