// @ts-check
// 值守台: the alarms, where they are, by which ways anybody can be reached, and who is on duty.
import { html } from "../vendor/ui.js";
import { MapPane } from "../js/map_pane.js";
import { counts, PRIORITIES } from "../js/alarms.js";
import { ChannelStrip } from "../js/channel_strip.js";
import { AlarmPane } from "../js/alarm_pane.js";
import { Duty } from "../js/duty.js";
import { Tray } from "../js/tray.js";

/** @typedef {import("../js/app.js").App} App */

/** @param {{app: App}} props */
export default function Watch({ app }) {
  return html`<div class="watch">
    <h1 class="unseen">${app.t("watch.title")}</h1>
    <${Duty} app=${app} />
    <${Tray} app=${app} />
    <${Totals} app=${app} />
    <${AlarmPane} app=${app} />
    <${MapPane} app=${app} />
    <${ChannelStrip} app=${app} />
  </div>`;
}

/** What the public has been told and still holds: no Cancel, which stays open until everybody has it, and no roll call. @param {any} message */
export function inForce(message) {
  return message.kind === "Alert" && message.state === "active" && message.action !== "Cancel";
}

/** @param {{app: App}} props */
export function Totals({ app }) {
  const waits = counts(app.state.alarm.value.values());
  const objectives = [...app.state.objective.value.values()];
  const messages = [...app.state.message.value.values()];
  const figures = [
    ...PRIORITIES.map((one) => [app.t(`alarm.priority.${one}`), waits[/** @type {keyof typeof waits} */ (one)]]),
    [app.t("watch.active"), messages.filter(inForce).length],
    [app.t("watch.held"), messages.filter((one) => one.state === "held").length],
    [app.t("watch.open"), objectives.filter((one) => one.state === "OPEN" || one.state === "AT_RISK").length],
    [app.t("watch.at_risk"), objectives.filter((one) => one.state === "AT_RISK").length],
    [app.t("watch.missed"), objectives.filter((one) => one.state === "MISSED").length],
  ];
  return html`<dl class="totals" aria-label=${app.t("watch.totals")}>${figures.map(([name, number]) => html`<div key=${name}><dt>${name}</dt><dd>${number}</dd></div>`)}</dl>`;
}
