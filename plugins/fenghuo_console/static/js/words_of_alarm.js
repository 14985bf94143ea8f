// @ts-check
// How an alarm is said: the catalogue's words for its kind, with what the server gave; never the server's prose.
import { has, t } from "./i18n.js";

/** @typedef {import("./alarms.js").Alarm} Alarm */

/** @param {Alarm} alarm */
export function titleOf(alarm) {
  const words = `alarm.kind.${alarm.kind}`;
  return has(words) ? t(words, { subject: alarm.subject, ...alarm.args }) : `${alarm.kind} ${alarm.subject}`;
}

/** What to do now, and what happens if nobody does; "" where the page is older than the kind. @param {Alarm} alarm */
export function adviceOf(alarm) {
  const [act, otherwise] = [`alarm.act.${alarm.kind}`, `alarm.otherwise.${alarm.kind}`];
  const args = { subject: alarm.subject, ...alarm.args };
  return { act: has(act) ? t(act, args) : "", otherwise: has(otherwise) ? t(otherwise, args) : "" };
}
