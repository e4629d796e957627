// A readiness in a word, with its colour; and what was seen of a stream in one line.

import { css, html, type TemplateResult } from "lit";
import type { Found } from "../core/cameras.js";
import type { StreamReading } from "../core/model.js";
import type { Localized } from "../text/language.js";

export const readinessMarkStyle = css`
  .mark {
    flex: none;
    min-width: 5.2em;
    padding: 1px 6px;
    border: 1px solid currentcolor;
    border-radius: 4px;
    color: var(--quiet);
    font-size: 13.5px;
    font-weight: 600;
    text-align: center;
    white-space: nowrap;
  }
  .mark[data-readiness="ready"] {
    color: var(--live);
  }
  .mark[data-readiness="slow"],
  .mark[data-readiness="needs_transcode"] {
    color: var(--warning);
  }
  .mark[data-readiness="dead"] {
    color: var(--wrong);
  }
`;

export function readinessMark(localized: Localized, reading: StreamReading | null): TemplateResult {
  const found: Found = reading?.result.code ?? "unknown";
  const words = reading === null ? localized.texts.unchecked : localized.of(reading.result);
  return html`<span class="mark" data-readiness=${found}>${words}</span>`;
}

/** Why, and what was seen: for who has to mend the camera. */
export function streamText(localized: Localized, reading: StreamReading): string {
  const { texts } = localized;
  const { codec, profile, width, height, frames_per_second, first_picture_s, keyframe_interval_s } = reading;
  return [
    ...(reading.reason === null ? [] : [localized.of(reading.reason)]),
    ...reading.findings.map((finding) => localized.of(finding)),
    ...(codec === null ? [] : [profile === null ? codec : `${codec} ${profile}`]),
    ...(width === null || height === null ? [] : [`${String(width)}×${String(height)}`]),
    ...(frames_per_second === null ? [] : [texts.framesPerSecond(frames_per_second.toFixed(0))]),
    ...(first_picture_s === null ? [] : [texts.firstPicture(first_picture_s.toFixed(1))]),
    ...(keyframe_interval_s === null ? [] : [texts.keyframeEvery(keyframe_interval_s.toFixed(1))]),
  ].join(" · ");
}
