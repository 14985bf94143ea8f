// @ts-check
// 纸面值守: the board as it is now and blank forms, A4, black and white, for when there is no power to look at a screen.
// Each id stands there as a symbol too, so that what was written by hand is typed back under the right one.
import { html } from "../vendor/ui.js";
import { named, t } from "../js/i18n.js";
import { kindOf } from "../js/words_of_alarm.js";
import { Asking, useAsk } from "./asking.js";
import { pathOf } from "./qr.js";

const SHEETS = ["board", "handover", "forms"];

/** @param {{app: import("../js/app.js").App}} props */
export default function Screen({ app }) {
  const asked = useAsk(app, "board.show", {});
  const wanted = app.place.value.args[0] ?? "board";
  const sheet = SHEETS.includes(wanted) ? wanted : "board";
  return html`<h1 class="unseen">${t("paper.title")}</h1><div class="paper-mode">
    <p class="row no-print">${SHEETS.map((one) => html`<a key=${one} href=${`#paper/${one}`} aria-current=${one === sheet ? "page" : null}>${named("paper.sheet", one)}</a> `)}
      <button type="button" class="main" disabled=${!asked.data} onClick=${() => window.print()}>${t("paper.print")}</button> <button type="button" onClick=${asked.again}>${t("asking.again")}</button></p>
    ${asked.data ? html`<article class="paper" lang="zh-CN">${sheet === "board" ? html`<${Board} board=${asked.data} />` : sheet === "handover" ? html`<${HandOver} board=${asked.data} />` : html`<${Forms} board=${asked.data} />`}</article>` : html`<${Asking} asked=${asked} app=${app} t=${t} />`}
  </div>`;
}

/** With its whole date: a sheet is read on another day too. At +08:00. @param {string|null|undefined} text */
function dayTime(text) {
  const ms = text ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? "" : new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
}

/** An id as a symbol with its text below. @param {{id: string}} props */
export function Symbol({ id }) {
  const { path, side } = pathOf(id);
  return html`<figure class="symbol"><svg viewBox=${`0 0 ${side} ${side}`} role="img" aria-label=${t("paper.symbol", { id })} shape-rendering="crispEdges"><path d=${path} fill="currentColor" /></svg><figcaption><code>${id}</code></figcaption></figure>`;
}

/** @param {{title: string, board: any}} props */
function Head({ title, board }) {
  return html`<header><h1>${title}</h1><p>${t("paper.head", { node: board.node, at: dayTime(board.at), clock: named("paper.clock", board.clock), by: board.by })}</p>
    ${Object.entries(board.missing).map(([name, why]) => html`<p class="missing">${t("paper.missing", { part: named("paper.part", name), why: String(why) })}</p>`)}</header>`;
}

/** @param {{title: string, heads: string[], rows: any[][], empty?: string}} props */
function Table({ title, heads, rows, empty }) {
  return html`<section><h2>${title} (${rows.length})</h2>${rows.length ? html`<table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table>` : html`<p>${empty ?? t("paper.nothing")}</p>`}</section>`;
}

/** @param {any} board */
function alarmRows(board) {
  const alarms = Array.isArray(board.alarms) ? board.alarms : board.alarms?.alarms ?? [];
  return alarms.map((/** @type {any} */ one) => [named("alarm.priority", one.priority), kindOf(one), one.subject, named("alarm.state", one.state), dayTime(one.raised), one.acked_by ?? "", one.held?.why ?? one.comment ?? ""]);
}

/** @param {{board: any}} props */
function Board({ board }) {
  return html`<${Head} title=${t("paper.sheet.board")} board=${board} />
    <${Table} title=${t("paper.part.alarms")} heads=${[t("paper.priority"), t("paper.kind"), t("paper.about"), t("paper.state"), t("paper.since"), t("paper.acked"), t("paper.reason")]} rows=${alarmRows(board)} />
    <section><h2>${t("paper.messages")} (${board.messages.length})</h2>${board.messages.map((/** @type {any} */ one) => html`<div class="item" key=${one.id}><${Symbol} id=${one.id} /><p><b>#${one.number} ${one.priority} ${named("message.state", one.state)} ${named("traffic", one.traffic)}</b> ${one.headline}</p><p>${t("paper.until", { at: dayTime(one.expires) })}</p>
      <ul>${board.objectives.filter((/** @type {any} */ objective) => objective.message === one.id).map((/** @type {any} */ objective) => html`<li>${t("paper.objective", { audience: objective.audience, met: objective.met, total: objective.total, needed: named("evidence", objective.needed), state: named("objective.state", objective.state), at: dayTime(objective.deadline) })}</li>`)}</ul></div>`)}</section>
    <${Table} title=${t("paper.part.recipients")} heads=${[t("paper.who"), t("paper.order"), t("paper.evidence"), t("paper.checkin"), t("paper.written")]} rows=${(board.recipients ?? []).map((/** @type {any} */ one) => [one.name, one.orders.map((/** @type {any} */ order) => `#${order.number} ${order.headline}`).join("; "), one.orders.map((/** @type {any} */ order) => named("evidence", order.evidence)).join("; "), dayTime(one.checkin.due), ""])} />
    <${Table} title=${t("paper.part.channels")} heads=${[t("paper.name"), t("paper.state"), t("paper.since"), t("paper.reason")]} rows=${(board.channels ?? []).map((/** @type {any} */ one) => [one.name, `${named("channels.state", one.health)} ${named("channel.admin", one.admin)}`, dayTime(one.since), one.reason])} />
    <${Table} title=${t("paper.part.modes")} heads=${[t("paper.axis"), t("paper.place"), t("paper.state"), t("paper.since"), t("paper.reason")]} rows=${modeRows(board)} />
    <${Table} title=${t("paper.part.duty")} heads=${[t("paper.who"), t("paper.role"), t("paper.post"), t("paper.state"), t("paper.since"), t("paper.until_word")]} rows=${dutyRows(board)} />`;
}

/** @param {any} board */
function modeRows(board) {
  return (board.modes?.stands ?? []).map((/** @type {any} */ one) => [named("mode.axis", one.axis), one.place || board.node, one.mode, dayTime(one.since), one.why ?? ""]);
}

/** @param {any} board */
function dutyRows(board) {
  const shifts = (board.duty?.shifts ?? []).filter((/** @type {any} */ one) => one.state !== "over");
  return shifts.map((/** @type {any} */ one) => [one.person, one.role, one.post, named("paper.shift", one.state), dayTime(one.from), dayTime(one.until)]);
}

/** 交接班: what the next officer must know, and where both sign. @param {{board: any}} props */
function HandOver({ board }) {
  const down = (board.channels ?? []).filter((/** @type {any} */ one) => one.admin !== "enabled" || !["up", "unknown"].includes(one.health));
  const held = board.messages.filter((/** @type {any} */ one) => one.state === "held");
  const shelved = alarmRows(board).filter((/** @type {any} */ row) => [named("alarm.state", "SHELVED"), named("alarm.state", "OUT_OF_SERVICE")].includes(row[3]));
  const declared = (board.modes?.stands ?? []).filter((/** @type {any} */ one) => one.declared);
  return html`<${Head} title=${t("paper.sheet.handover")} board=${board} />
    <${Table} title=${t("paper.part.alarms")} heads=${[t("paper.priority"), t("paper.kind"), t("paper.about"), t("paper.state"), t("paper.since"), t("paper.acked"), t("paper.reason")]} rows=${alarmRows(board)} />
    <${Table} title=${t("paper.shelved")} heads=${[t("paper.priority"), t("paper.kind"), t("paper.about"), t("paper.state"), t("paper.since"), t("paper.acked"), t("paper.reason")]} rows=${shelved} />
    <${Table} title=${t("paper.held")} heads=${[t("paper.number"), t("paper.about"), t("paper.until_word")]} rows=${held.map((/** @type {any} */ one) => [`#${one.number}`, one.headline, dayTime(one.expires)])} />
    <${Table} title=${t("paper.objectives")} heads=${[t("paper.order"), t("paper.evidence"), t("paper.state"), t("paper.until_word")]} rows=${board.objectives.map((/** @type {any} */ one) => [one.audience, `${one.met}/${one.total} ${named("evidence", one.needed)}`, named("objective.state", one.state), dayTime(one.deadline)])} />
    <${Table} title=${t("paper.down")} heads=${[t("paper.name"), t("paper.state"), t("paper.since"), t("paper.reason")]} rows=${down.map((/** @type {any} */ one) => [one.name, `${named("channels.state", one.health)} ${named("channel.admin", one.admin)}`, dayTime(one.since), one.reason])} />
    <${Table} title=${t("paper.declared")} heads=${[t("paper.axis"), t("paper.place"), t("paper.state"), t("paper.who"), t("paper.until_word"), t("paper.reason")]} rows=${declared.map((/** @type {any} */ one) => [named("mode.axis", one.axis), one.place || board.node, one.mode, one.by, dayTime(one.until), one.why ?? ""])} />
    <section class="signing"><p>${t("paper.leaving")}</p><p>${t("paper.coming")}</p><p>${t("paper.signed_at")}</p></section>`;
}

const REPORT = ["received", "source", "happened", "where", "nature", "extent", "loss", "trend", "leaders", "measures", "advice"];
const PHONE = ["received", "caller", "number", "content", "reported", "recorder"];
const ORDER = ["to", "by", "text", "answered", "done"];

/** Blank forms: each entry has both times, when it happened and when it was entered. @param {{board: any}} props */
function Forms({ board }) {
  const forms = [["report", REPORT], ["phone", PHONE], ["order", ORDER]];
  return html`${forms.map(([name, fields]) => html`<section class="form" key=${name}><header><h1>${named("paper.form", /** @type {string} */ (name))}</h1><p>${t("paper.form_head", { node: board.node })}</p></header>
    <table><tbody>${/** @type {string[]} */ (fields).map((field) => html`<tr><th scope="row">${named("paper.field", field)}</th><td class="blank"></td></tr>`)}
      <tr><th scope="row">${t("paper.happened_at")}</th><td class="blank"></td></tr><tr><th scope="row">${t("paper.entered_at")}</th><td class="blank"></td></tr></tbody></table></section>`)}`;
}
