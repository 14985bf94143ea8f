// @ts-check
// 交接班: whoever goes draws up the sheet, whoever comes reads it and signs exactly that.
import { html, useEffect, useState } from "../vendor/ui.js";
import { timeText } from "./i18n.js";
import { Ask, Dialog, sentence } from "./parts.js";

/** @typedef {import("./app.js").App} App */

const PARTS = ["alarms", "waiting_for_release", "open_objectives", "channels_down", "modes", "outages", "reviews_open"];
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
      ${PARTS.map((part) => html`<${Part} key=${part} app=${app} name=${part} rows=${found.sheet[part]} />`)}` : null}
    ${fault ? html`<p role="alert" class="bad">${fault}</p>` : null}
    <p class="row"><button type="button" class="main" disabled=${!found} onClick=${sign}>${app.t("duty.sign")}</button><button type="button" onClick=${onClose}>${app.t("dialog.cancel")}</button></p>
  </${Dialog}>`;
}

/** @param {{app: App, name: string, rows: any}} props `rows`: null where this node has no such thing */
function Part({ app, name, rows }) {
  const list = Array.isArray(rows) ? rows : [];
  return html`<section><h3>${app.t(`duty.part.${name}`)} (${list.length})</h3>
    <ul>${list.slice(0, MOST_LINES).map((row, at) => html`<li key=${at}>${line(row)}</li>`)}</ul>
    ${list.length > MOST_LINES ? html`<p>${app.t("alarm.more", { n: list.length - MOST_LINES })}</p>` : null}</section>`;
}

/** What names a row, whatever it is of. @param {any} row */
function line(row) {
  const says = [row.number, row.name ?? row.kind ?? row.axis, row.headline ?? row.subject ?? row.audience ?? row.place, row.state ?? row.mode ?? row.health, row.reason];
  return says.filter((one) => one !== undefined && one !== null && one !== "").join(" · ");
}
