// @ts-check
// The alarm list: rows that keep still under the pointer, acts on what was seen, and the whole life of an alarm by keyboard.
import { html, useEffect, useRef, useState } from "../vendor/ui.js";
import { AlarmDetail } from "./alarm_detail.js";
import { AlarmRow } from "./alarm_row.js";
import { beside, folded, inBulk, isFlood, Listing, needsAck, ordered } from "./alarms.js";
import { Escalate } from "./escalate.js";
import { lang } from "./i18n.js";
import { Ask, Field, sentence } from "./parts.js";
import { placeOf, titleOf } from "./words_of_alarm.js";

/** @typedef {import("./app.js").App} App @typedef {import("./alarms.js").Alarm} Alarm @typedef {import("./alarms.js").Row} Row */

const MOST_ROWS = 200;
// A second press that follows at once is not meant for an alarm that nobody has seen yet.
const SEEN_MS = 600;
const SHELF_MINUTES = [15, 30, 60, 120];

/** @param {{app: App}} props */
export function AlarmPane({ app }) {
  const pane = usePane(app);
  const { rows, waiting, chosen, flood } = pane;
  const current = useRef(pane);
  current.current = pane;
  useEffect(() => app.keys.bind(keysOf(app, () => current.current)), []);
  return html`<section class="alarms" aria-labelledby="alarms-title">
    <header class="row"><h2 id="alarms-title">${app.t("alarm.list")}</h2>
      ${flood ? html`<strong class="flood">${app.t("alarm.flood")}</strong>` : null}
      <span class="grow"></span><${Tools} app=${app} pane=${pane} /></header>
    <div class="row news">${waiting.length ? html`<button type="button" class="waiting" onClick=${pane.release}>${app.t("alarm.waiting", { n: waiting.length })} ${marks(app, waiting)}</button>` : null}
      <p class="notice" role="status">${pane.notice}</p></div>
    <${List} app=${app} pane=${pane} />
    ${pane.hidden ? html`<p>${app.t("alarm.beyond", { n: pane.hidden })}</p>` : null}
    ${rows.length ? null : html`<p class="empty">${pane.leftOut ? app.t("alarm.no_match", { n: pane.leftOut }) : app.t("alarm.none")}</p>`}
    ${chosen ? html`<${AlarmDetail} app=${app} row=${chosen} pane=${pane} />` : null}
    <${Question} app=${app} pane=${pane} />
  </section>`;
}

/** @param {App} app @param {Alarm[]} waiting */
function marks(app, waiting) {
  const high = waiting.filter((alarm) => alarm.priority === "HIGH").length;
  return high ? html`<b class="priority high">${app.t("alarm.priority.HIGH")} ${high}</b>` : null;
}

/** What the list holds and does. @param {App} app */
function usePane(app) {
  const listing = useRef(new Listing()).current;
  const going = useRef({ isOut: false, movedAt: 0, movedTo: 0 }).current;
  const [isHeld, hold] = useState(false);
  const [filter, setFilter] = useState("");
  const [opened, setOpened] = useState(/** @type {Set<string>} */ (new Set()));
  const [question, ask] = useState("");
  const [notice, tell] = useState("");
  const [, again] = useState(0);
  const all = ordered(app.state.alarm.value.values());
  const wanted = filter ? all.filter((alarm) => matches(alarm, filter)) : all;
  const flood = isFlood(all);
  const { alarms, firsts } = folded(wanted, opened);
  const rows = listing.show(alarms, isHeld);
  const selected = app.selected.value?.topic === "alarm" ? app.selected.value.id : "";
  const chosen = rows.slice(0, MOST_ROWS).find((row) => String(row.alarm.id) === selected);
  const choose = (/** @type {string} */ id) => { app.selected.value = id ? { topic: "alarm", id } : null; };
  const move = (/** @type {number} */ steps) => { choose(beside(rows.slice(0, MOST_ROWS), selected, steps)); };
  const release = () => { listing.show(alarms, false); again((count) => count + 1); };
  const open = (/** @type {string} */ kind) => setOpened(new Set([...opened, kind]));
  return {
    rows, waiting: listing.waiting, chosen, flood, firsts, filter, question, notice, isHeld, hidden: Math.max(0, rows.length - MOST_ROWS), leftOut: all.length - wanted.length,
    hold, setFilter, ask, tell, choose, move, release, open,
    shown: rows.slice(0, MOST_ROWS), selected, going,
    act: (/** @type {string} */ verb, /** @type {Alarm} */ alarm, /** @type {object} */ args) => act(app, tell, verb, alarm, args),
  };
}

/** @typedef {ReturnType<typeof usePane>} Pane */

/** Whether an alarm says what is looked for: in its title, its subject, or the name of its place. @param {Alarm} alarm @param {string} filter */
function matches(alarm, filter) {
  return `${titleOf(alarm)} ${alarm.subject} ${placeOf(alarm)}`.toLowerCase().includes(filter.trim().toLowerCase());
}

/** Do something to an alarm as it was drawn; what came of it is said. @param {App} app @param {(text: string) => void} tell @param {string} verb @param {Alarm} alarm @param {object} args */
async function act(app, tell, verb, alarm, args) {
  try {
    await app.cmd(verb, { id: alarm.id, ...args }, { ifRev: alarm.rev });
    tell(app.t(`done.${verb}`, { title: titleOf(alarm) }));
    return true;
  } catch (error) {
    tell(sentence(/** @type {any} */ (error)));
    return false;
  }
}

/** Acknowledge what was seen, all of it or nothing. @param {App} app @param {(text: string) => void} tell @param {Alarm[]} alarms @param {string} comment */
async function ackAll(app, tell, alarms, comment) {
  try {
    await app.cmd("alarm.ack", { ids: alarms.map((one) => one.id), revs: Object.fromEntries(alarms.map((one) => [one.id, one.rev])), comment });
    tell(app.t("done.alarm.bulk", { n: alarms.length }));
  } catch (error) {
    tell(sentence(/** @type {any} */ (error)));
  }
}

/** Acknowledge what is chosen, and go on to the next that waits below it, as the list stood: whoever works it off need not look for it. The next press counts once that was drawn. @param {() => Pane} pane @param {Alarm} alarm */
async function ackAndOn(pane, alarm) {
  const { shown, going } = pane();
  if (going.isOut || (going.movedTo === alarm.id && performance.now() - going.movedAt < SEEN_MS)) return;
  const at = shown.findIndex((row) => row.alarm.id === alarm.id);
  const next = [...shown.slice(at + 1), ...shown.slice(0, Math.max(0, at))].find((row) => !row.gone && needsAck(row.alarm));
  going.isOut = true;
  const isDone = await pane().act("alarm.ack", alarm, {});
  going.isOut = false;
  if (!isDone || !next || pane().selected !== String(alarm.id)) return;
  Object.assign(going, { movedAt: performance.now(), movedTo: next.alarm.id });
  pane().choose(String(next.alarm.id));
}

/** The number of the objective that an alarm is about; 0: of none. @param {Alarm} alarm */
function objectiveOf(alarm) {
  return alarm.subject.startsWith("objective/") ? Number(alarm.subject.slice("objective/".length)) : 0;
}

/** The keys of the list. They are bound once and look at the pane when they are pressed. @param {App} app @param {() => Pane} pane @returns {import("./keys.js").Binding[]} */
function keysOf(app, pane) {
  const chosen = () => { const row = pane().chosen; return row && !row.gone ? row.alarm : null; };
  const mayAct = () => app.may("operator");
  const canAck = () => { const alarm = chosen(); return Boolean(alarm && needsAck(alarm) && mayAct()); };
  const open = () => { const alarm = chosen(); if (alarm && pane().firsts.get(alarm.id)) pane().open(alarm.fold ?? ""); else document.getElementById("alarm-detail")?.focus(); };
  const ack = () => { const alarm = chosen(); if (alarm) void ackAndOn(pane, alarm); };
  const urged = () => { const alarm = chosen(); return alarm && mayAct() && objectiveOf(alarm) ? alarm : null; };
  const focusList = () => document.getElementById("alarm-list")?.focus();
  return [
    { id: "next", code: "KeyJ", title: "alarm.next", run: () => pane().move(1) },
    { id: "previous", code: "KeyK", title: "alarm.previous", run: () => pane().move(-1) },
    { id: "down", code: "ArrowDown", title: "alarm.next", when: inList, run: () => pane().move(1) },
    { id: "up", code: "ArrowUp", title: "alarm.previous", when: inList, run: () => pane().move(-1) },
    { id: "detail.next", code: "KeyN", title: "alarm.next", run: () => pane().move(1) },
    { id: "detail.previous", code: "KeyP", title: "alarm.previous", run: () => pane().move(-1) },
    { id: "open", code: "Enter", title: "alarm.open", when: () => Boolean(chosen()), run: open },
    { id: "back", code: "Escape", fixed: true, title: "alarm.back", when: () => Boolean(pane().selected), run: () => { pane().choose(""); focusList(); } },
    { id: "filter.clear", code: "Escape", fixed: true, title: "alarm.filter_clear", when: () => Boolean(pane().filter), run: () => pane().setFilter("") },
    { id: "ack", code: "KeyA", title: "alarm.ack", when: canAck, run: ack },
    { id: "ack.comment", code: "KeyA", shift: true, title: "alarm.ack_comment", when: canAck, run: () => pane().ask("comment") },
    { id: "bulk", code: "KeyB", shift: true, title: "alarm.bulk", when: () => mayAct() && inBulk(pane().shown).length > 0, run: () => pane().ask("bulk") },
    { id: "escalate", code: "KeyE", title: "endpoints.escalate", when: () => Boolean(urged()), run: () => pane().ask("escalate") },
    { id: "shelve", code: "KeyH", title: "alarm.shelve", when: () => Boolean(chosen()) && mayAct(), run: () => pane().ask(chosen()?.state === "SHELVED" ? "unshelve" : "shelve") },
    { id: "filter", code: "KeyF", title: "alarm.filter", run: () => document.querySelector(/** @type {"input"} */ ("input.filter"))?.focus() },
    { id: "release", code: "Period", title: "alarm.release", when: () => pane().waiting.length > 0, run: () => pane().release() },
  ];
}

function inList() {
  const at = document.activeElement;
  return at === document.body || at?.id === "main" || Boolean(at?.closest(".alarms"));
}

/** @param {{app: App, pane: any}} props */
function Tools({ app, pane }) {
  const alarm = pane.chosen && !pane.chosen.gone ? pane.chosen.alarm : null;
  const mayAct = app.may("operator");
  const bulk = inBulk(pane.shown).length;
  return html`
    <${Field} class="filter" label=${app.t("alarm.filter")} value=${pane.filter} onInput=${(/** @type {any} */ event) => pane.setFilter(event.target.value)} />
    <button type="button" disabled=${!mayAct || !alarm || !needsAck(alarm)} onClick=${() => void ackAndOn(() => pane, alarm)}>${app.t("alarm.ack")}</button>
    <button type="button" disabled=${!mayAct || !alarm || !needsAck(alarm)} onClick=${() => pane.ask("comment")}>${app.t("alarm.ack_comment")}</button>
    <button type="button" disabled=${!mayAct || !alarm} onClick=${() => pane.ask(alarm.state === "SHELVED" ? "unshelve" : "shelve")}>${app.t(alarm?.state === "SHELVED" ? "alarm.unshelve" : "alarm.shelve")}</button>
    <button type="button" disabled=${!mayAct || !bulk} onClick=${() => pane.ask("bulk")}>${app.t("alarm.bulk")} (${bulk})</button>
    <button type="button" onClick=${() => app.silence()}>${app.t("sound.silence")}</button>`;
}

/** @param {{app: App, pane: any}} props */
function List({ app, pane }) {
  const list = useRef(/** @type {HTMLElement|null} */ (null));
  const inside = useRef({ pointer: false, focus: false }).current;
  const note = (/** @type {Partial<typeof inside>} */ change) => { Object.assign(inside, change); pane.hold(inside.pointer || inside.focus); };
  useEffect(() => { document.getElementById(`alarm-${pane.selected}`)?.scrollIntoView({ block: "nearest" }); }, [pane.selected]);
  const choose = (/** @type {any} */ event) => { const id = event.target.closest("[data-id]")?.dataset.id; if (id) pane.choose(id); };
  return html`<div id="alarm-list" ref=${list} role="listbox" tabindex="0" aria-label=${app.t("alarm.list")} aria-activedescendant=${pane.chosen ? `alarm-${pane.selected}` : undefined}
    onPointerEnter=${() => note({ pointer: true })} onPointerLeave=${() => note({ pointer: false })}
    onFocusIn=${() => note({ focus: true })} onFocusOut=${() => note({ focus: false })} onClick=${choose}>
    ${pane.shown.map((/** @type {Row} */ row) => html`<${AlarmRow} key=${row.alarm.id} app=${app} alarm=${row.alarm} gone=${row.gone} chosen=${String(row.alarm.id) === pane.selected}
      more=${pane.firsts.get(row.alarm.id) ?? 0} lang=${lang.value} />`)}
  </div>`;
}

/** The dialog that is open, if any. @param {{app: App, pane: any}} props */
function Question({ app, pane }) {
  const close = () => pane.ask("");
  // What was seen when the dialog opened is what is acted on, whatever the list does meanwhile.
  const seen = useRef({ question: "", alarm: /** @type {Alarm|null} */ (null), bulk: /** @type {Alarm[]} */ ([]), minutes: 30 }).current;
  if (pane.question !== seen.question) Object.assign(seen, { question: pane.question, alarm: pane.chosen?.alarm ?? null, bulk: inBulk(pane.shown), minutes: 30 });
  const { alarm, bulk } = seen;
  const title = alarm ? titleOf(alarm) : "";
  const all = (/** @type {string} */ comment) => { close(); void ackAll(app, pane.tell, bulk, comment); };
  switch (pane.question) {
    case "comment":
      return alarm && html`<${Ask} title=${app.t("alarm.ack_comment")} label=${app.t("alarm.comment")} act=${app.t("alarm.ack")} onClose=${close}
        onDone=${(/** @type {string} */ comment) => { close(); void pane.act("alarm.ack", alarm, { comment }); }}><p>${title}</p></${Ask}>`;
    case "bulk":
      return html`<${Ask} title=${app.t("alarm.bulk")} label=${app.t("alarm.comment")} act=${app.t("alarm.bulk_act", { n: bulk.length })} onClose=${close} onDone=${all}>
        <ul class="seen" tabindex="0" aria-label=${app.t("alarm.bulk")}>${bulk.map((one) => html`<li key=${one.id}>${titleOf(one)}</li>`)}</ul></${Ask}>`;
    case "shelve":
      return alarm && html`<${Ask} title=${app.t("alarm.shelve")} label=${app.t("alarm.reason")} required act=${app.t("alarm.shelve")} onClose=${close}
        onDone=${(/** @type {string} */ reason) => { close(); void pane.act("alarm.shelve", alarm, { reason, lasts_s: seen.minutes * 60 }); }}>
        <p>${title}</p>${alarm.priority === "HIGH" ? html`<p class="warn">${app.t("alarm.shelve_high")}</p>` : null}
        <${Field} as="select" label=${app.t("alarm.shelve_for")} onChange=${(/** @type {any} */ event) => { seen.minutes = Number(event.target.value); }}>
          ${SHELF_MINUTES.map((one) => html`<option key=${one} value=${one} selected=${one === 30}>${app.t("alarm.minutes", { n: one })}</option>`)}</${Field}></${Ask}>`;
    case "escalate":
      return alarm && html`<${Escalate} app=${app} id=${objectiveOf(alarm)} name=${alarm.name || alarm.subject} onClose=${close} />`;
    case "unshelve":
      return alarm && html`<${Ask} title=${app.t("alarm.unshelve")} label=${app.t("alarm.comment")} act=${app.t("alarm.unshelve")} onClose=${close}
        onDone=${() => { close(); void pane.act("alarm.unshelve", alarm, {}); }}><p>${title}</p></${Ask}>`;
    default:
      return null;
  }
}
