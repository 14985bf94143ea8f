// @ts-check
// 大屏: what everybody in the room must see from afar. It is only looked at: there is nothing to press, and the alarms sound elsewhere.
import { html } from "../vendor/ui.js";
import { Due } from "../js/alarm_parts.js";
import { needsAck, ordered } from "../js/alarms.js";
import { clockText } from "../js/i18n.js";
import { MapPane } from "../js/map_pane.js";
import { Evidence, Priority } from "../js/parts.js";
import { titleOf } from "../js/words_of_alarm.js";
import { Totals } from "./watch.js";

/** @typedef {import("../js/app.js").App} App */

const ROWS = 8;

/** @param {{app: App}} props */
export default function Wall({ app }) {
  app.second.value;
  const alarms = ordered([...app.state.alarm.value.values()].filter(needsAck));
  const messages = new Map([...app.state.message.value.values()].map((one) => [one.id, one]));
  const open = [...app.state.objective.value.values()].filter((one) => one.state === "OPEN" || one.state === "AT_RISK");
  const down = [...app.state.channel.value.values()].filter((one) => one.admin === "enabled" && one.health === "down");
  return html`<div class="wall">
    <h1 class="unseen">${app.t("wall.title")}</h1>
    <p class="wall-clock" aria-hidden="true">${clockText(app.now())}</p>
    <${Totals} app=${app} />
    <section class="alarms" aria-labelledby="wall-alarms"><h2 id="wall-alarms">${app.t("alarm.list")}</h2>
      <ol>${alarms.slice(0, ROWS).map((alarm) => html`<li key=${alarm.id} data-alarm=${alarm.id} class=${`alarm ${alarm.priority.toLowerCase()} unacked`}>
        <${Priority} priority=${alarm.priority} /> <span class="title">${titleOf(alarm)}</span> <${Due} app=${app} by=${alarm.respond_by} /></li>`)}</ol>
      ${alarms.length > ROWS ? html`<p>${app.t("alarm.more", { n: alarms.length - ROWS })}</p>` : null}
      ${alarms.length ? null : html`<p class="empty">${app.t("alarm.none")}</p>`}</section>
    <section class="objectives" aria-labelledby="wall-objectives"><h2 id="wall-objectives">${app.t("wall.objectives")}</h2>
      <ol>${open.slice(0, ROWS).map((one) => html`<li key=${one.id} class=${one.state === "AT_RISK" ? "warn" : ""}>
        <${Exercise} app=${app} message=${messages.get(one.message)} />${messages.get(one.message)?.headline ?? one.message} · ${one.audience} · ${one.met}/${one.total} <${Evidence} level=${one.needed} /></li>`)}</ol>
      ${open.length ? null : html`<p class="empty">${app.t("wall.none_open")}</p>`}</section>
    <section class="down" aria-labelledby="wall-down"><h2 id="wall-down">${app.t("wall.down")}</h2>
      ${down.length ? html`<ul>${down.map((one) => html`<li key=${one.name} class="bad">${one.name} ${one.reason}</li>`)}</ul>` : html`<p class="good">${app.t("wall.none_down")}</p>`}</section>
    <${MapPane} app=${app} bare />
  </div>`;
}

/** @param {{app: App, message: any}} props */
function Exercise({ app, message }) {
  return message?.traffic === "Exercise" ? html`<strong class="traffic exercise">${app.t("traffic.mark")}</strong> ` : null;
}
