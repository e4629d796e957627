// How the operator's page is laid out: map and running shares at the left, the incident at the right; one below
// the other on an upright tablet.

import { css } from "lit";

export const operatorStyle = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100dvh;
  }
  main {
    flex: 1;
    display: grid;
    grid-template-columns: minmax(0, 1fr) minmax(480px, 48%);
    min-height: 0;
  }
  .left {
    display: flex;
    flex-direction: column;
    min-height: 0;
    border-right: 1px solid var(--line);
  }
  city-map {
    flex: 1;
    min-height: 160px;
  }
  .shares {
    flex: none;
    max-height: 38%;
    overflow: auto;
    border-top: 1px solid var(--line);
    background: var(--surface);
  }
  .shares h2 {
    padding: 8px 12px 6px;
    font-size: 15px;
    font-weight: 600;
  }
  .panel {
    display: flex;
    flex-direction: column;
    min-height: 0;
    background: var(--surface);
  }
  .scroll {
    flex: 1;
    min-height: 0;
    overflow: auto;
    padding: 12px;
    scrollbar-width: thin;
    scrollbar-color: var(--line) transparent;
  }
  header {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 12px;
    padding: 8px 12px;
    border-bottom: 1px solid var(--line);
  }
  .title {
    flex: 1;
    min-width: 12em;
  }
  .title h2 {
    overflow: hidden;
    font-size: 18px;
    line-height: 1.3;
    text-overflow: ellipsis;
  }
  .title p {
    font-size: 14px;
  }
  .kind {
    padding: 0 0.4em;
    border-radius: 4px;
    background: var(--wrong);
    color: #1b0503;
    font-weight: 700;
  }
  .sure {
    color: var(--warning);
  }
  footer {
    padding: 8px 12px 10px;
    border-top: 1px solid var(--line);
    background: var(--ground);
  }
  .wide {
    width: 100%;
    min-height: 56px;
    font-size: 18px;
  }
  .hint {
    margin: 8px 0 20px;
    text-align: center;
  }
  .scroll > h2 {
    margin-bottom: 8px;
    font-size: 16px;
  }
  .incidents button {
    display: grid;
    grid-template-columns: auto 1fr auto;
    gap: 12px;
    align-items: baseline;
    align-content: center;
    width: 100%;
    min-height: 52px;
    margin-bottom: 6px;
    text-align: left;
  }
  @media (max-width: 1023px) {
    main {
      grid-template-rows: minmax(260px, 34%) minmax(0, 1fr);
      grid-template-columns: minmax(0, 1fr);
    }
    .left {
      border-right: 0;
      border-bottom: 1px solid var(--line);
    }
  }
`;
