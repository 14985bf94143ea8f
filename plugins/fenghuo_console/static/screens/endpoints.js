// @ts-check
// 端点与指令: who was told what, how surely, what they answered, and when they are next to say that they are well (报平安).
import { html, useEffect, useRef, useState } from "../vendor/ui.js";
import { named, sayAll, spanText, t, timeText } from "../js/i18n.js";
import { Escalate } from "../js/escalate.js";
import { Ask, Evidence, Field } from "../js/parts.js";
import { Asking, Refused, useAsk, useCommand } from "./asking.js";
import { State } from "./channels.js";

const MINUTES = [15, 30, 60, 120];
const PLACE = "fenghuo.checkin";

/** @param {{app: import("../js/app.js").App}} props */
export default function Screen({ app }) {
  const [minutes, setMinutes] = useState(() => Number(localStorage.getItem(PLACE)) || 30);
  const [words, setWords] = useState("");
  const [isAll, setAll] = useState(true);
  const chosen = app.place.value.args[0] ?? "";
  const asked = useAsk(app, "recipient.ls", { checkin_s: minutes * 60, all: isAll, most: 300 }, { on: app.state.objective.value, restMs: 2000 });
  const set = (/** @type {any} */ event) => { const next = Number(event.target.value); localStorage.setItem(PLACE, String(next)); setMinutes(next); };
  const rows = (asked.data ?? []).filter((/** @type {any} */ one) => !words || [one.name, one.recipient, one.org, one.place, ...one.roles].some((text) => text.includes(words)));
  const line = rows.find((/** @type {any} */ one) => one.recipient === chosen);
  app.second.value;
  const [urging, urge] = useState(/** @type {any} */ (null));
  const current = useRef(/** @type {any} */ (null));
  current.current = app.may("operator") && line?.orders[0] ? { order: line.orders[0], recipient: line.recipient } : null;
  useEffect(() => app.keys.bind([{ id: "escalate", code: "KeyE", title: "endpoints.escalate", when: () => Boolean(current.current), run: () => urge(current.current) }]), []);
  return html`<h1 class="unseen">${t("endpoints.title")}</h1><div class="split endpoints">
    <section class="list" aria-label=${t("endpoints.list")}>
      <div class="row"><${Field} label=${t("endpoints.find")} value=${words} onInput=${(/** @type {any} */ event) => setWords(event.target.value.trim())} />
        <${Field} as="select" label=${t("endpoints.checkin")} value=${String(minutes)} onInput=${set}>${MINUTES.map((one) => html`<option value=${String(one)} selected=${one === minutes}>${t("endpoints.minutes", { n: one })}</option>`)}</${Field}>
        <label class="check"><input type="checkbox" checked=${!isAll} onChange=${() => setAll(!isAll)} /> ${t("endpoints.open_only")}</label></div>
      <${Asking} asked=${asked} app=${app} t=${t} />
      <table><thead><tr><th scope="col">${t("endpoints.who")}</th><th scope="col">${t("endpoints.orders")}</th><th scope="col">${t("endpoints.clock")}</th></tr></thead>
        <tbody>${rows.map((/** @type {any} */ one) => html`<tr key=${one.recipient} class=${one.recipient === chosen ? "chosen" : ""}>
          <th scope="row"><a href=${`#endpoints/${encodeURIComponent(one.recipient)}`} aria-current=${one.recipient === chosen ? "true" : null}>${one.name}</a> <small class="quiet">${one.org}</small></th>
          <td>${one.orders.map((/** @type {any} */ order) => html`<span class="order" key=${order.objective}>#${order.number} <${Evidence} level=${order.evidence} /></span> `)}</td>
          <td><${Clock} app=${app} checkin=${one.checkin} /></td></tr>`)}</tbody></table>
    </section>
    <section class="detail" aria-label=${t("endpoints.detail")}>${line ? html`<${Line} key=${chosen} app=${app} line=${line} again=${asked.again} />` : html`<p class="quiet">${t("endpoints.choose")}</p>`}<${Doubts} app=${app} /></section>
    ${urging ? html`<${Escalate} app=${app} id=${urging.order.objective} rev=${urging.order.rev} name=${`#${urging.order.number} ${urging.order.headline}`} recipient=${urging.recipient} onClose=${() => urge(null)} />` : null}
  </div>`;
}

/** Until when a person is to say something, by the server's time. @param {{app: import("../js/app.js").App, checkin: any}} props */
function Clock({ app, checkin }) {
  if (!checkin.due) return html`<span class="quiet">${checkin.answered ? t("endpoints.answered", { at: timeText(checkin.answered, app.now()) }) : "–"}</span>`;
  const leftMs = Date.parse(checkin.due) - app.now();
  return leftMs < 0 ? html`<b class="overdue">${t("endpoints.overdue", { by: spanText(-leftMs) })}</b>` : html`<span>${t("endpoints.due", { left: spanText(leftMs) })}</span>`;
}

/** @param {{app: import("../js/app.js").App, line: any, again: () => void}} props */
function Line({ app, line, again }) {
  return html`<h2>${line.name} <code>${line.recipient}</code></h2>
    <p>${[line.org, line.place, ...line.roles].filter(Boolean).join(" · ")} <${Clock} app=${app} checkin=${line.checkin} /></p>
    <h3>${t("endpoints.ways")}</h3>
    <ul>${line.ways.map((/** @type {any} */ way) => html`<li key=${way.channel}><b translate="no">${way.channel}</b> <${State} state=${way.admin === "enabled" ? way.health : "off"} /> <span class=${`age ${way.age}`}>${named("channels.age", way.age)}</span> ${timeText(way.proven, app.now())}</li>`)}</ul>
    <h3>${t("endpoints.orders")}</h3>
    ${line.orders.length ? null : html`<p class="quiet">${t("endpoints.no_order")}</p>`}
    ${line.orders.map((/** @type {any} */ order) => html`<${Order} key=${order.objective} app=${app} order=${order} recipient=${line.recipient} again=${again} />`)}`;
}

/** One order to one recipient: every way with its evidence, every answer, and what a person may decide. @param {{app: import("../js/app.js").App, order: any, recipient: string, again: () => void}} props */
function Order({ app, order, recipient, again }) {
  const [isWaiving, setWaiving] = useState(false);
  const [isUrging, setUrging] = useState(false);
  const command = useCommand(app);
  const waive = (/** @type {string} */ reason) => command.run("queue.waive", { id: order.objective, reason }, () => { setWaiving(false); again(); }, order.rev);
  return html`<article class="order" aria-label=${`#${order.number} ${order.headline}`}>
    <h4>#${order.number} ${order.headline} <span class="quiet">${order.priority} ${named("traffic", order.traffic)}</span></h4>
    <p>${t("endpoints.reached")} <${Evidence} level=${order.evidence} /> · ${t("endpoints.needed")} <${Evidence} level=${order.needed} /> · ${named("target.state", order.state)} · ${t("endpoints.deadline", { at: timeText(order.deadline, app.now()), left: spanText(Date.parse(order.deadline) - app.now()) })}</p>
    <ul class="ways">${order.deliveries.map((/** @type {any} */ one) => html`<li key=${one.id}><b translate="no">${one.channel}</b> ${named("delivery.state", one.state)} <${Evidence} level=${one.evidence} /> <span class="quiet">${sayAll(one)}</span>
      ${one.state === "IN_DOUBT" ? html`<${Resolve} app=${app} id=${one.id} rev=${order.rev} again=${again} />` : null}</li>`)}</ul>
    <ul class="answers" aria-label=${t("endpoints.answers")}>${order.answers.map((/** @type {any} */ one) => html`<li key=${`${one.at} ${one.channel}`}>${timeText(one.at, app.now())} <span translate="no">${one.channel}</span> <${Evidence} level=${one.level} /> ${one.text ? html`<q>${one.text}</q>` : null}</li>`)}</ul>
    <p class="row"><button type="button" disabled=${!app.may("operator")} onClick=${() => setUrging(true)}>${t("endpoints.escalate")}</button> <button type="button" disabled=${!app.may("operator")} onClick=${() => { command.clear(); setWaiving(true); }}>${t("endpoints.waive")}</button></p>
    ${isUrging ? html`<${Escalate} app=${app} id=${order.objective} rev=${order.rev} recipient=${recipient} name=${`#${order.number} ${order.headline}`} onClose=${() => { setUrging(false); again(); }} />` : null}
    ${isWaiving ? html`<${Ask} title=${`${t("endpoints.waive")}: #${order.number}`} label=${t("endpoints.reason")} act=${t("endpoints.waive")} required onDone=${waive} onClose=${() => setWaiving(false)}><p>${t("endpoints.waive_says")}</p><${Refused} err=${command.err} /></${Ask}>` : null}
  </article>`;
}

const RULINGS = ["sent", "not-sent", "again", "failed"];

/** What nobody knows, a person decides: each ruling says what follows from it. @param {{app: import("../js/app.js").App, id: number, rev: number, again: () => void}} props */
export function Resolve({ app, id, rev, again }) {
  const [ruling, setRuling] = useState("");
  const command = useCommand(app);
  const done = (/** @type {string} */ reason) => command.run("queue.resolve", { id, as: ruling, reason }, () => { setRuling(""); again(); }, rev);
  return html`<span class="rulings" role="group" aria-label=${t("endpoints.resolve")}>${RULINGS.map((one) => html`<button type="button" key=${one} disabled=${!app.may("operator")} onClick=${() => { command.clear(); setRuling(one); }}>${named("endpoints.ruling", one)}</button> `)}</span>
    ${ruling ? html`<${Ask} title=${named("endpoints.ruling", ruling)} label=${t("endpoints.reason")} act=${named("endpoints.ruling", ruling)} required onDone=${done} onClose=${() => setRuling("")}><p>${named("endpoints.ruling_says", ruling)}</p><${Refused} err=${command.err} /></${Ask}>` : null}`;
}

/** Everything in doubt, whoever it is for: devices too, which stand in no list of people. @param {{app: import("../js/app.js").App}} props */
function Doubts({ app }) {
  const asked = useAsk(app, "queue.ls", { limit: 1000 }, { on: app.state.objective.value, restMs: 2000 });
  const rows = (asked.data ?? []).filter((/** @type {any} */ one) => one.id !== null && (one.state === "IN_DOUBT" || one.reason === "late"));
  if (!rows.length) return null;
  return html`<section class="doubts" aria-label=${t("endpoints.doubts")}><h2>${t("endpoints.doubts")} <span class="count">${rows.length}</span></h2>
    <ul>${rows.map((/** @type {any} */ one) => html`<li key=${one.id}><b>${one.recipient}</b> <span translate="no">${one.channel}</span> ${named("delivery.state", one.state)} ${one.reason} <${Resolve} app=${app} id=${one.id} rev=${one.rev} again=${asked.again} /></li>`)}</ul></section>`;
}
