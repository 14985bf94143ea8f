// @ts-check
// What is known of the chosen alarm, and what to do.
import { html } from "../vendor/ui.js";
import { Due } from "./alarm_parts.js";
import { needsAck } from "./alarms.js";
import { timeText } from "./i18n.js";
import { Priority } from "./parts.js";
import { adviceOf, titleOf } from "./words_of_alarm.js";

/** @typedef {import("./app.js").App} App */

// Topic of a subject → the screen that shows it.
const SHOWN_AT = { channel: "channels", message: "log", objective: "log", plugin: "system" };

/** @param {{app: App, row: import("./alarms.js").Row, pane: any}} props */
export function AlarmDetail({ app, row, pane }) {
  const { alarm, gone } = row;
  const advice = adviceOf(alarm);
  const [topic, ...rest] = alarm.subject.split("/");
  const screen = SHOWN_AT[/** @type {keyof typeof SHOWN_AT} */ (topic)];
  const facts = [
    [app.t("alarm.field.state"), app.t(`alarm.state.${gone ? "NORMAL" : alarm.state}`)],
    [app.t("alarm.field.raised"), timeText(alarm.raised, app.now())],
    [app.t("alarm.field.count"), String(alarm.count)],
    [app.t("alarm.field.last"), timeText(alarm.last, app.now())],
    [app.t("alarm.field.acked_by"), alarm.acked_by ? `${alarm.acked_by} ${timeText(alarm.acked, app.now())}` : ""],
    [app.t("alarm.field.comment"), alarm.comment ?? ""],
    [app.t("alarm.field.held"), held(app, alarm.held)],
    [app.t("alarm.field.shelf_asked"), held(app, alarm.shelf_asked)],
    ...Object.entries(alarm.args ?? {}).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]),
  ].filter(([, value]) => value);
  return html`<article id="alarm-detail" class="detail" tabindex="-1" aria-label=${titleOf(alarm)}>
    <h3><${Priority} priority=${alarm.priority} /> ${titleOf(alarm)} ${needsAck(alarm) && !gone ? html`<${Due} app=${app} by=${alarm.respond_by} />` : null}</h3>
    ${advice.act ? html`<p class="advice"><b>${app.t("alarm.field.act")}</b> ${advice.act}</p>` : null}
    ${advice.otherwise ? html`<p><b>${app.t("alarm.field.otherwise")}</b> ${advice.otherwise}</p>` : null}
    <dl class="facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    <p class="row">
      <button type="button" onClick=${() => pane.move(-1)}>${app.t("alarm.previous")}</button>
      <button type="button" onClick=${() => pane.move(1)}>${app.t("alarm.next")}</button>
      ${screen ? html`<a class="button" href=${`#${screen}/${encodeURIComponent(rest.join("/"))}`}>${app.t("alarm.subject", { subject: alarm.subject })}</a>` : html`<span>${alarm.subject}</span>`}
      <button type="button" onClick=${() => pane.choose("")}>${app.t("alarm.back")}</button>
    </p>
  </article>`;
}

/** @param {App} app @param {import("./alarms.js").Held|null|undefined} how */
function held(app, how) {
  return how ? app.t("alarm.held", { by: [how.by, how.second].filter(Boolean).join(", "), until: timeText(how.until, app.now()) || "…", why: how.why }) : "";
}
