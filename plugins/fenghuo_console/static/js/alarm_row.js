// @ts-check
// One row of the alarm list, drawn anew only when something of it has changed: a thousand of them stand still while five move.
import { Component, html } from "../vendor/ui.js";
import { Due } from "./alarm_parts.js";
import { isAside, needsAck } from "./alarms.js";
import { clockText } from "./i18n.js";
import { Priority } from "./parts.js";
import { titleOf } from "./words_of_alarm.js";

/** @typedef {{app: import("./app.js").App, alarm: import("./alarms.js").Alarm, gone: boolean, chosen: boolean, more: number, lang: string}} Props */

export class AlarmRow extends Component {
  /** @param {Props} next */
  shouldComponentUpdate(next) {
    const now = /** @type {any} */ (this).props;
    return next.alarm !== now.alarm || next.gone !== now.gone || next.chosen !== now.chosen || next.more !== now.more || next.lang !== now.lang;
  }

  /** @param {Props} props */
  render({ app, alarm, gone, chosen, more }) {
    const state = gone ? "NORMAL" : alarm.state;
    const style = `alarm ${alarm.priority.toLowerCase()} ${needsAck(alarm) && !gone ? "unacked" : ""} ${isAside(alarm) ? "aside" : ""} ${gone ? "gone" : ""}`;
    return html`<div id=${`alarm-${alarm.id}`} data-id=${alarm.id} data-alarm=${alarm.id} role="option" aria-selected=${chosen ? "true" : "false"} class=${style}>
      <${Priority} priority=${alarm.priority} />
      <span class="title">${titleOf(alarm)}</span>
      <span class="state">${app.t(`alarm.state.${state}`)}${alarm.acked_by && !needsAck(alarm) ? ` ${alarm.acked_by}` : ""}</span>
      <span class="count">${more ? app.t("alarm.same", { n: more - 1 }) : alarm.count > 1 ? app.t("alarm.count", { n: alarm.count, time: clockText(Date.parse(alarm.last)) }) : clockText(Date.parse(alarm.raised))}</span>
      ${needsAck(alarm) && !gone ? html`<${Due} app=${app} by=${alarm.respond_by} />` : html`<span class="due"></span>`}
    </div>`;
  }
}
