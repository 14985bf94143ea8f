// @ts-check
// Alerts on the map: how each is drawn, the same as a list, and what the signs mean.
import { html } from "../vendor/ui.js";
import { named, t, timeText } from "./i18n.js";
import { HATCHES } from "./map.js";
import { sentence } from "./parts.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./map_drawn.js").Placed} Placed */

const OVER = new Set(["cancelled", "expired"]);

/** @param {any} alert */
export function severityOf(alert) {
  const name = String(alert.severity).toLowerCase();
  return HATCHES.includes(name) ? name : "unknown";
}

/** The shapes of all alerts, what holds before what is over. @param {App} app @param {Placed[]} placed @returns {import("./map.js").Drawn[]} */
export function drawnOf(app, placed) {
  return placed.flatMap(({ alert, pieces }) => pieces.map((piece) => ({
    key: piece.key, rings: piece.rings, label: titleOf(app, alert), id: alert.id,
    className: ["alert", severityOf(alert), alert.stage, ...(piece.isDrawn ? ["stands-for"] : []), ...(piece.isPart ? ["part"] : [])].join(" "),
    hatch: alert.traffic === "Actual" || OVER.has(alert.stage) ? "" : severityOf(alert),
  })));
}

/** Everything that its colour, its lines and its edge say, in words. @param {App} app @param {any} alert */
function titleOf(app, alert) {
  const mark = alert.traffic === "Actual" ? [] : [named("map.traffic", alert.traffic)];
  const grave = alert.colour ? named("cap.colour", alert.colour) : named("cap.severity", alert.severity);
  return [...mark, named("map.stage", alert.stage), grave, alert.headline || alert.event].filter(Boolean).join(" ");
}

/** @param {{err: any, atMs: number}} asked */
export function told(asked) {
  return sentence(asked.err);
}

/**
 * The alerts of the map for whoever uses none: which, whether it holds, until when, and for whom.
 * @param {{app: App, placed: Placed[], leftOut: number, opened: string, onOpen: (id: string) => void}} props
 */
export function AlertList({ app, placed, leftOut, opened, onOpen }) {
  return html`<h3 id="map-alerts">${app.t("map.alerts", { n: placed.length })}</h3>
    ${placed.length ? null : html`<p class="empty">${app.t("map.no_alerts")}</p>`}
    <ul class="map-alerts" aria-labelledby="map-alerts">${placed.map((one) => html`<li key=${`${one.alert.id} ${one.alert.revision}`} class=${`${severityOf(one.alert)} ${one.alert.stage}`}>
      <button type="button" aria-pressed=${opened === one.alert.id ? "true" : "false"} onClick=${() => onOpen(one.alert.id)}>${titleOf(app, one.alert)}</button>
      <small>${whereOf(app, one)} · ${whenOf(app, one.alert)}</small> <a href=${`#publish/${one.alert.id}`}>${app.t("map.look")}</a></li>`)}</ul>
    ${leftOut ? html`<p class="warn">${app.t("map.left_out", { n: leftOut })}</p>` : null}`;
}

/** @param {App} app @param {Placed} placed */
function whereOf(app, { alert, isNowhere, towns }) {
  const names = towns.length ? towns.map((town) => town.name) : alert.areas.map((/** @type {any} */ one) => one.name).filter(Boolean);
  const where = names.join(app.t("map.comma"));
  return isNowhere ? app.t("map.nowhere", { where }) : where;
}

/** @param {App} app @param {any} alert */
function whenOf(app, alert) {
  return OVER.has(alert.stage) ? app.t("map.since", { at: timeText(alert.ended, app.now()) }) : app.t("map.until", { at: timeText(alert.expires, app.now()) });
}

/** What the signs mean; of the alerts only what is there. @param {{app: App, alerts: any[]}} props */
export function Legend({ app, alerts }) {
  const severities = HATCHES.filter((name) => alerts.some((alert) => severityOf(alert) === name && !OVER.has(alert.stage)));
  const words = /** @type {Record<string, string>} */ ({ extreme: "Extreme", severe: "Severe", moderate: "Moderate", minor: "Minor", unknown: "Unknown" });
  return html`<p class="legend">
    ${severities.map((name) => html`<span key=${name}><i class=${`swatch ${name}`} aria-hidden="true"></i>${named("cap.severity", words[name])}</span> `)}
    ${alerts.length ? html`<span>${t("map.legend.alerts")}</span> ` : null}<span>${t("map.legend.channels")}</span> <span>${t("map.legend.by_hand")}</span></p>`;
}
