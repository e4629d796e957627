// How the panel that turns a camera is laid out.

import { css } from "lit";

export const ptzPanelStyle = css`
  :host {
    display: grid;
    gap: 10px;
  }
  camera-tile {
    aspect-ratio: 16 / 9;
  }
  .line {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .line select {
    flex: 1;
    width: auto;
    min-width: 10em;
  }
  .controls {
    display: flex;
    flex-wrap: wrap;
    gap: 12px 20px;
  }
  .pad {
    display: grid;
    grid-template-areas: ". up . in" "west . east ." ". down . out";
    grid-template-columns: repeat(4, 60px);
    grid-auto-rows: 60px;
    gap: 6px;
  }
  .pad button {
    min-height: 60px;
    padding: 0;
    font-size: 24px;
    touch-action: none; /* a finger that rests is no scrolling */
    user-select: none;
  }
  .up {
    grid-area: up;
  }
  .down {
    grid-area: down;
  }
  .west {
    grid-area: west;
  }
  .east {
    grid-area: east;
  }
  .in {
    grid-area: in;
  }
  .out {
    grid-area: out;
  }
  .pad button.held {
    border-color: var(--action);
    color: var(--action);
  }
  .presets {
    display: flex;
    flex: 1;
    flex-wrap: wrap;
    align-content: start;
    gap: 6px;
    min-width: 12em;
    max-height: 192px;
    overflow: auto;
  }
  .left {
    font-size: 20px;
    font-weight: 700;
  }
  .soon {
    color: var(--warning);
  }
  .grow {
    flex: 1;
  }
`;
