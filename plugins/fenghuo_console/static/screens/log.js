// @ts-check
// 日志: what has happened, newest first, searched at the daemon; for auditors who did what. What is found can be taken along.
import { html, useEffect, useState } from "../vendor/ui.js";
import { has, named, t, timeText } from "../js/i18n.js";
import { Field, sentence } from "../js/parts.js";
import { calledBy } from "../js/words_of_alarm.js";
import { Refused, save } from "./asking.js";
import { csvOf, linesOf } from "./table_text.js";

const PAGE = 200;
// An export reads so many at the most: a browser is no archive, `fenghuo log` is.
const MOST = 20_000;
const TABS = ["log", "audit"];

/** @param {{app: import("../js/app.js").App}} props */
export default function Screen({ app }) {
  const asked = app.place.value.args[0] ?? "log";
  const mayAudit = app.may("auditor");
  const tab = asked === "audit" && mayAudit ? "audit" : "log";
  return html`<h1 class="unseen">${t("log.title")}</h1><div class="log">
    ${mayAudit ? html`<nav class="tabs" aria-label=${t("log.parts")}>${TABS.map((one) => html`<a key=${one} href=${`#log/${one}`} aria-current=${one === tab ? "page" : null}>${named("log.tab", one)}</a> `)}</nav>` : null}
    ${asked === "audit" && !mayAudit ? html`<p class="refused" role="alert">${t("log.auditors_only")}</p>` : null}
    ${tab === "audit" ? html`<${Finder} key="audit" app=${app} source=${AUDIT} />` : html`<${Finder} key="log" app=${app} source=${LOG} />`}
  </div>`;
}

/** @typedef {{id: string, verb: string, fields: string[], heads: string[], rows: (data: any) => any[], cells: (row: any) => string[], said: (row: any) => string[], raw: (row: any) => string, kindOf: (row: any) => string}} Source */

/** @type {Source} */
const LOG = {
  id: "log",
  verb: "log.find",
  fields: ["subject", "kind"],
  heads: ["log.head.at", "log.head.what", "log.head.subject", "log.head.body"],
  rows: (data) => data.events,
  cells: (row) => [row.at, row.type, row.subject, JSON.stringify(row.body)],
  said: (row) => [whatOf(row.type), calledBy(row.subject, row.name), partsOf(row.body)],
  raw: (row) => `${row.type} ${row.subject} ${JSON.stringify(row.body)}`,
  kindOf: (row) => (row.type.startsWith("alarm.") ? "loud" : ""),
};

/** @type {Source} */
const AUDIT = {
  id: "audit",
  verb: "audit.find",
  fields: ["actor", "action", "object"],
  heads: ["log.head.at", "log.head.actor", "log.head.what", "log.head.subject", "log.head.body"],
  rows: (data) => data.records.map((/** @type {string} */ line) => ({ ...JSON.parse(line), line })),
  cells: (row) => [new Date(row.at_ms).toISOString(), `${row.actor} (${row.role}; ${row.door})`, row.action, row.object, row.detail],
  said: (row) => [`${row.actor} (${row.role}; ${row.door})`, row.action, row.object, readable(row.detail)],
  raw: (row) => row.line,
  kindOf: () => "",
};

/** Local date and time of a form as an instant of here, +08:00. @param {string} text */
function instant(text) {
  return text ? `${text.length === 16 ? `${text}:00` : text}+08:00` : "";
}

/** @param {{app: import("../js/app.js").App, source: Source}} props */
function Finder({ app, source }) {
  const [form, setForm] = useState(/** @type {Record<string, string>} */ ({ words: "", since: "", until: "" }));
  const [found, setFound] = useState(/** @type {{rows: any[], next: number, isOut: boolean, err: any, isAsked: boolean}} */ ({ rows: [], next: 0, isOut: false, err: null, isAsked: false }));
  const put = (/** @type {string} */ name) => (/** @type {any} */ event) => setForm({ ...form, [name]: event.target.value });
  const wanted = () => {
    const { words, since, until, kind, ...rest } = form;
    const fields = Object.fromEntries(Object.entries(rest).filter(([, text]) => text));
    return { ...fields, words, since: instant(since), until: instant(until), ...(kind ? { kinds: kind.split(/[\s,]+/).filter(Boolean) } : {}) };
  };
  const read = async (/** @type {number} */ before) => {
    setFound((was) => ({ ...was, isOut: true, err: null }));
    try {
      const data = await app.ask(source.verb, { ...wanted(), before, limit: PAGE });
      setFound((was) => ({ rows: before ? [...was.rows, ...source.rows(data)] : source.rows(data), next: data.next, isOut: false, err: null, isAsked: true }));
    } catch (err) {
      setFound((was) => ({ ...was, isOut: false, err }));
      app.say(sentence(/** @type {any} */ (err)), true);
    }
  };
  const search = (/** @type {Event} */ event) => { event.preventDefault(); read(0); };
  const isLive = app.link.value.state === "live";
  useEffect(() => { if (isLive && !found.isAsked) void read(0); }, [isLive]);
  return html`<section aria-label=${named("log.tab", source.id)}>
    <form class="row search" role="search" onSubmit=${search}>
      <${Field} label=${t("log.words")} value=${form.words} onInput=${put("words")} />
      <${Field} type="datetime-local" label=${t("log.since")} value=${form.since} onInput=${put("since")} />
      <${Field} type="datetime-local" label=${t("log.until")} value=${form.until} onInput=${put("until")} />
      ${source.fields.map((name) => html`<${Field} key=${name} label=${named("log.field", name)} value=${form[name] ?? ""} onInput=${put(name)} />`)}
      <button class="main" disabled=${found.isOut}>${t("log.search")}</button>
    </form>
    <p class="row"><${Export} app=${app} source=${source} wanted=${wanted} /> <button type="button" onClick=${() => window.print()}>${t("log.print")}</button> <span class="quiet" role="status">${t("log.found", { n: found.rows.length })}</span></p>
    <${Refused} err=${found.err} />
    <div class="scroll" tabindex="0" role="group" aria-label=${t("log.rows")}><table class="lines"><thead><tr>${source.heads.map((key) => html`<th scope="col" key=${key}>${t(key)}</th>`)}</tr></thead>
      <tbody>${found.rows.map((row) => html`<${Line} key=${row.seq} app=${app} source=${source} row=${row} />`)}</tbody></table></div>
    ${found.next ? html`<p class="row"><button type="button" disabled=${found.isOut} onClick=${() => read(found.next)}>${t("log.earlier")}</button></p>` : null}
  </section>`;
}

/** One record in words; what is kept of it is there for whoever asks. @param {{app: import("../js/app.js").App, source: Source, row: any}} props */
function Line({ app, source, row }) {
  const [at] = source.cells(row);
  const cells = source.said(row);
  return html`<tr class=${source.kindOf(row)}><th scope="row"><time dateTime=${at}>${timeText(at, app.now())}</time> <small class="quiet">${row.seq}</small></th>
    ${cells.map((cell, n) => html`<td>${cell}${n === cells.length - 1 ? html`<details><summary>${t("log.raw")}</summary><code translate="no">${source.raw(row)}</code></details>` : null}</td>`)}</tr>`;
}

/** What kind of event it is; an alarm by its title, the kind itself where the page is older. @param {string} type */
function whatOf(type) {
  return type.startsWith("alarm.") ? named("alarm.title", type.slice("alarm.".length)) : named("event", type);
}

/** What an event says, part by part, as far as people have a word for it. @param {Record<string, any>} body */
function partsOf(body) {
  const parts = Object.entries(body).filter(([name, value]) => has(`log.part.${name}`) && value !== "" && value !== null && typeof value !== "object");
  return parts.map(([name, value]) => `${named("log.part", name)}: ${wordOf(name, value)}`).join(" \u00b7 ");
}

/** @param {string} name @param {any} value */
function wordOf(name, value) {
  if (name === "before" || name === "after") return named("channels.state", String(value));
  if (name === "evidence" || name === "needed") return named("evidence", String(value));
  return String(value);
}

/** JSON as a person reads it: what is empty is left out. @param {string} text */
function readable(text) {
  if (!text.startsWith("{")) return text;
  const pairs = Object.entries(JSON.parse(text)).filter(([, value]) => value !== "" && value !== null && !(Array.isArray(value) && !value.length));
  return pairs.map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(" \u00b7 ");
}

/** All that fits, not only what is shown. @param {{app: import("../js/app.js").App, source: Source, wanted: () => any}} props */
function Export({ app, source, wanted }) {
  const [isOut, setOut] = useState(false);
  const [err, setErr] = useState(/** @type {any} */ (null));
  const take = async (/** @type {"csv"|"jsonl"} */ form) => {
    setOut(true);
    setErr(null);
    try {
      const rows = await everything(app, source, wanted());
      const name = `fenghuo-${source.id}-${new Date(app.now()).toISOString().slice(0, 19).replace(/[:T]/g, "")}`;
      if (form === "csv") save(`${name}.csv`, csvOf(source.heads.map((key) => t(key)), rows.map(source.cells)), "text/csv;charset=utf-8");
      else save(`${name}.jsonl`, linesOf(rows.map((row) => row.line ?? JSON.stringify(row))), "application/jsonl");
      app.say(t("log.exported", { n: rows.length }));
    } catch (refusal) {
      setErr(refusal);
    }
    setOut(false);
  };
  return html`<button type="button" disabled=${isOut} onClick=${() => take("csv")}>${t("log.csv")}</button> <button type="button" disabled=${isOut} onClick=${() => take("jsonl")}>${t("log.jsonl")}</button><${Refused} err=${err} />`;
}

/** @param {import("../js/app.js").App} app @param {Source} source @param {any} wanted */
async function everything(app, source, wanted) {
  /** @type {any[]} */
  let rows = [];
  let before = 0;
  do {
    const data = await app.ask(source.verb, { ...wanted, before, limit: PAGE });
    rows = rows.concat(source.rows(data));
    before = data.next;
  } while (before && rows.length < MOST);
  return rows.reverse();
}
