// @ts-check
// 交接班: whoever goes draws up the sheet, whoever comes reads it and signs exactly that.
import { html, useEffect, useState } from "../vendor/ui.js";
import { named, timeText } from "./i18n.js";
import { NORMAL } from "./marks.js";
import { Ask, Dialog, sentence } from "./parts.js";
import { titleOf } from "./words_of_alarm.js";

/** @typedef {import("./app.js").App} App */

/** What stands on a sheet, where in it, and how a line of it is said. @type {[string, (sheet: any) => any[]|null, (row: any) => any[]][]} */
const PARTS = [
  ["alarms", (sheet) => sheet.alarms, (row) => [named("alarm.priority", row.priority), titleOf(row), named("alarm.state", row.state), row.acked_by]],
  ["waiting_for_release", (sheet) => sheet.waiting_for_release, (row) => [`#${row.number}`, row.headline, row.priority]],
  ["open_objectives", (sheet) => sheet.open_objectives, (row) => [row.audience, `${row.met}/${row.total}`, named("evidence", row.needed), named("objective.state", row.state)]],
  ["channels_down", (sheet) => sheet.channels_down, (row) => [row.name, named("channels.state", row.health), row.admin === "enabled" ? "" : named("channel.admin", row.admin), row.reason]],
  ["modes", (sheet) => sheet.modes?.stands.filter((/** @type {any} */ one) => !NORMAL.has(one.mode)) ?? null, (row) => [named("mode.axis", row.axis), row.place, named(`mode.${row.axis}`, row.mode), row.by]],
  ["outages", (sheet) => sheet.outages?.filter((/** @type {any} */ one) => one.stands) ?? null, (row) => [row.what, row.area, row.channels.join(" "), row.reason]],
  ["reviews_open", (sheet) => sheet.reviews_open?.releases.filter((/** @type {any} */ one) => !one.reviewed_by) ?? null, (row) => [row.leader, row.template, row.reason]],
];
const MOST_LINES = 12;

/** @param {{app: App, shift: any, onClose: () => void}} props */
export function HandOver({ app, shift, onClose }) {
  const [said, tell] = useState("");
  const write = async (/** @type {string} */ note) => {
    await app.cmd("shift.handover", { id: shift.id, note }).then(() => tell(app.t("duty.written")), (error) => tell(sentence(error)));
  };
  return html`<${Ask} title=${app.t("duty.hand_over")} label=${app.t("duty.note")} act=${app.t("duty.write")} onClose=${onClose} onDone=${write}>
    <p>${app.t("duty.hand_over_says")}</p><p role="status" class="notice">${said}</p></${Ask}>`;
}

/** @param {{app: App, shift: any, onClose: () => void}} props */
export function TakeOver({ app, shift, onClose }) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [fault, tell] = useState("");
  useEffect(() => { void app.ask("shift.sheet", { id: shift.id }).then(setFound, (error) => tell(sentence(error))); }, [shift.sheet]);
  const sign = async () => {
    await app.cmd("shift.sign", { id: shift.id, digest: found.digest }).then(onClose, (error) => tell(sentence(error)));
  };
  return html`<${Dialog} title=${app.t("duty.take_over", { name: shift.person })} onClose=${onClose} wide>
    ${found ? html`<p>${app.t("duty.sheet_of", { name: found.shift.person, at: timeText(found.written, app.now()) })}</p>
      ${found.sheet.note ? html`<blockquote>${found.sheet.note}</blockquote>` : null}
      ${partsOf(found.sheet).map((part) => html`<${Part} key=${part.name} app=${app} ...${part} />`)}` : null}
    ${fault ? html`<p role="alert" class="bad">${fault}</p>` : null}
    <p class="row"><button type="button" class="main" disabled=${!found} onClick=${sign}>${app.t("duty.sign")}</button><button type="button" onClick=${onClose}>${app.t("dialog.cancel")}</button></p>
  </${Dialog}>`;
}

/** Each part of a sheet as lines of words, null where this node has no such thing. @param {any} sheet @returns {{name: string, lines: string[]|null}[]} */
export function partsOf(sheet) {
  return PARTS.map(([name, rows, says]) => ({ name, lines: rows(sheet)?.map((row) => says(row).filter(Boolean).join(" \u00b7 ")) ?? null }));
}

/** @param {{app: App, name: string, lines: string[]|null}} props */
function Part({ app, name, lines }) {
  const list = lines ?? [];
  return html`<section><h3>${app.t(`duty.part.${name}`)} (${lines ? list.length : app.t("duty.part.absent")})</h3>
    <ul>${list.slice(0, MOST_LINES).map((line, at) => html`<li key=${at}>${line}</li>`)}</ul>
    ${list.length > MOST_LINES ? html`<p>${app.t("alarm.more", { n: list.length - MOST_LINES })}</p>` : null}</section>`;
}
