// @ts-check
// 通道: channel by place with what stands in for what and why, and the ways to force, prove and suppose.
import { html, useState } from "../vendor/ui.js";
import { named, sayAll, t, timeText } from "../js/i18n.js";
import { Ask, Field } from "../js/parts.js";
import { Asking, Refused, useAsk, useCommand } from "./asking.js";
import { RollCall } from "./channels_rollcall.js";
import { WhatIf } from "./channels_whatif.js";

const SHAPES = { up: "●", probation: "◐", suspect: "▲", down: "✖", unknown: "?", off: "⊘", standby: "◌", silent: "⊖", none: "·" };
const PREFERRED_MINUTES = [30, 60, 240, 720];
const TABS = ["matrix", "rollcall", "whatif"];

/** @param {{app: import("../js/app.js").App}} props */
export default function Screen({ app }) {
  const [tab, ...args] = app.place.value.args;
  const shown = TABS.includes(tab) ? tab : "matrix";
  return html`<h1 class="unseen">${t("channels.title")}</h1><div class="channels">
    <nav class="tabs" aria-label=${t("channels.parts")}>${TABS.map((one) => html`<a key=${one} href=${`#channels/${one}`} aria-current=${one === shown ? "page" : null}>${named("channels.tab", one)}</a> `)}</nav>
    ${shown === "matrix" ? html`<${Matrix} app=${app} chosen=${args[0] ?? ""} />` : shown === "rollcall" ? html`<${RollCall} app=${app} />` : html`<${WhatIf} app=${app} />`}
  </div>`;
}

/** @param {{app: import("../js/app.js").App, chosen: string}} props */
function Matrix({ app, chosen }) {
  const asked = useAsk(app, "channel.matrix", {}, { on: app.state.channel.value, restMs: 2000 });
  if (!asked.data) return html`<${Asking} asked=${asked} app=${app} t=${t} />`;
  const { channels, places } = asked.data;
  const choose = (/** @type {string} */ name) => app.go("channels", "matrix", name);
  return html`<section aria-label=${t("channels.matrix.title")}>
    <${Asking} asked=${asked} app=${app} t=${t} />
    <${Diverted} places=${places} app=${app} />
    <div class="scroll" tabindex="0" role="group" aria-label=${t("channels.matrix.title")}><table class="matrix"><caption>${t("channels.matrix.caption")}</caption>
      <thead><tr><th scope="col">${t("channels.matrix.place")}</th>${channels.map((/** @type {any} */ one) => html`<th scope="col" key=${one.name}><button type="button" aria-pressed=${one.name === chosen} onClick=${() => choose(one.name)}><span translate="no">${one.name}</span> <${State} state=${stateOf(one)} /></button></th>`)}</tr></thead>
      <tbody>${places.map((/** @type {any} */ place) => html`<tr key=${place.place}><th scope="row">${place.name} ${place.system ? html`<code>${place.place}</code>` : null}<${Ways} place=${place} /></th>
        ${place.cells.map((/** @type {any} */ cell) => html`<${Cell} key=${cell.channel} app=${app} cell=${cell} />`)}</tr>`)}</tbody></table></div>
    ${chosen ? html`<${Why} key=${chosen} app=${app} name=${chosen} />` : html`<p class="quiet">${t("channels.matrix.choose")}</p>`}
  </section>`;
}

/** How a channel is as a whole, in the words of a cell. @param {any} channel */
function stateOf(channel) {
  return channel.admin === "enabled" ? channel.health : channel.admin === "disabled" || channel.admin === "inhibited" ? "off" : channel.admin;
}

/** Shape and word together. @param {{state: string}} props */
export function State({ state }) {
  return html`<span class=${`health ${state}`}><span aria-hidden="true">${SHAPES[/** @type {keyof typeof SHAPES} */ (state)] ?? "?"}</span> ${named("channels.state", state)}</span>`;
}

/** How many independent ways are left. @param {{place: any}} props */
function Ways({ place }) {
  return place.mode ? html`<small class=${`ways ${place.mode}`}>${t("channels.matrix.ways", { groups: place.groups, normal: place.normal })} ${named("network.mode", place.mode)}</small>` : null;
}

/** @param {{app: import("../js/app.js").App, cell: any}} props */
function Cell({ app, cell }) {
  if (cell.state === "none") return html`<td class="cell none" title=${cell.why}><span aria-hidden="true">${SHAPES.none}</span><span class="unseen">${t("channels.cell.none")}</span></td>`;
  return html`<td class=${`cell ${cell.state}`}><${State} state=${cell.state} />
    <small>${cell.recipients ? t("channels.cell.proven", { proven: cell.proven, recipients: cell.recipients }) : ""}
      ${cell.level ? html` <span translate="no">${cell.level}</span> ${named("evidence", cell.level)} ${timeText(cell.at, app.now())}` : cell.recipients ? html` ${t("channels.cell.never")}` : null}
      ${cell.share_pct === null ? null : html` ${t("channels.cell.share", { pct: cell.share_pct })}`}
      ${cell.shut ? html` ${t("channels.cell.shut", { n: cell.shut })}` : null}</small></td>`;
}

/** What stands in for what, since when and why: the failover as it is seen. @param {{places: any[], app: import("../js/app.js").App}} props */
function Diverted({ places, app }) {
  const lines = places.flatMap((place) => place.diverted.map((/** @type {any} */ one) => ({ ...one, place })));
  if (!lines.length) return html`<p class="quiet">${t("channels.diverted.none")}</p>`;
  return html`<section class="diverted" aria-label=${t("channels.diverted.title")}><h2>${t("channels.diverted.title")} <span class="count">${lines.length}</span></h2>
    <ul>${lines.map((one) => html`<li key=${`${one.place.place} ${one.came_from} ${one.to}`} class=${one.to ? "" : "cut"}><b>${one.place.name}</b> <span translate="no">${one.came_from} → ${one.to || t("channels.diverted.nothing")}</span>, ${timeText(one.since, app.now())}: ${one.why}</li>`)}</ul></section>`;
}

/** Every decision about a channel as a sentence, and the switch. @param {{app: import("../js/app.js").App, name: string}} props */
function Why({ app, name }) {
  const line = app.state.channel.value.get(`channel/${name}`);
  const why = useAsk(app, "channel.why", { name }, { on: line, restMs: 1000 });
  const past = useAsk(app, "log.find", { subject: `channel/${name}`, limit: 20 }, { on: line, restMs: 1000 });
  if (!why.data) return html`<${Asking} asked=${why} app=${app} t=${t} />`;
  return html`<section class="why" aria-label=${t("channels.why.title", { name })}><h2 translate="no">${name} <${State} state=${stateOf(why.data)} /></h2>
    <ul class="says">${sayAll(why.data).map((says) => html`<li>${says}</li>`)}</ul>
    <dl class="facts"><dt>${t("channels.why.type")}</dt><dd translate="no">${why.data.type}</dd><dt>${t("channels.why.most")}</dt><dd><span translate="no">${why.data.evidence_max}</span> ${named("evidence", why.data.evidence_max)}</dd>
      <dt>${t("channels.why.groups")}</dt><dd translate="no">${why.data.risk_groups.join(", ")}</dd><dt>${t("channels.why.queued")}</dt><dd>${why.data.queued}</dd></dl>
    <${Switch} app=${app} channel=${why.data} again=${why.again} />
    <h3>${t("channels.why.past")}</h3>
    ${past.data ? html`<ol class="past">${past.data.events.map((/** @type {any} */ event) => html`<li key=${event.seq}>${timeText(event.at, app.now())} ${said(event)}</li>`)}</ol>` : html`<${Asking} asked=${past} app=${app} t=${t} />`}
  </section>`;
}

/** A change of a channel as a sentence. @param {any} event */
function said(event) {
  const { before, after, cause, admin, by, reason } = event.body;
  return event.type === "channel.admin" ? t("channels.past.admin", { admin: named("channel.admin", admin), by, reason }) : t("channels.past.health", { before: named("channels.state", before ?? ""), after: named("channels.state", after ?? ""), cause: cause ?? reason ?? "" });
}

/** Of its like it goes first for a while; until when, by whom and why stands there. @param {{app: import("../js/app.js").App, channel: any, again: () => void}} props */
function Preference({ app, channel, again }) {
  const [isAsking, setAsking] = useState(false);
  const [minutes, setMinutes] = useState(60);
  const command = useCommand(app);
  app.second.value;
  const one = channel.preferred && Date.parse(channel.preferred.until) > app.now() ? channel.preferred : null;
  const prefer = (/** @type {string} */ reason, /** @type {number} */ lasts) => command.run("channel.prefer", { name: channel.name, reason, lasts_s: lasts * 60 }, () => { setAsking(false); again(); });
  return html`<p class="row">${one ? html`<span>${t("channels.prefer.now", { until: timeText(one.until, app.now()), by: one.by, reason: one.reason })}</span> <button type="button" disabled=${!app.may("operator", "admin")} onClick=${() => prefer(one.reason, 0)}>${t("channels.prefer.end")}</button>` : html`<button type="button" disabled=${!app.may("operator", "admin")} onClick=${() => { command.clear(); setAsking(true); }}>${t("channels.prefer.act")}</button>`}</p>
    ${isAsking ? html`<${Ask} title=${`${t("channels.prefer.act")}: ${channel.name}`} label=${t("channels.switch.reason")} act=${t("channels.prefer.act")} required onDone=${(/** @type {string} */ reason) => prefer(reason, minutes)} onClose=${() => setAsking(false)}>
      <p>${t("channels.prefer.says")}</p>
      <${Field} as="select" label=${t("channels.prefer.for")} onChange=${(/** @type {any} */ event) => setMinutes(Number(event.target.value))}>${PREFERRED_MINUTES.map((n) => html`<option value=${String(n)} selected=${n === minutes}>${t("alarm.minutes", { n })}</option>`)}</${Field}>
      <${Refused} err=${command.err} /></${Ask}>` : null}`;
}

/** Forced out of service and back: both with a reason, which stands in the audit. @param {{app: import("../js/app.js").App, channel: any, again: () => void}} props */
function Switch({ app, channel, again }) {
  const [isAsking, setAsking] = useState(false);
  const command = useCommand(app);
  const isOff = channel.admin === "disabled";
  const verb = isOff ? "channel.enable" : "channel.disable";
  const act = isOff ? t("channels.switch.enable") : t("channels.switch.disable");
  const done = (/** @type {string} */ reason) => command.run(verb, { name: channel.name, reason }, () => { setAsking(false); again(); });
  return html`<p class="row"><button type="button" class=${isOff ? "" : "danger"} disabled=${!app.may("operator", "admin")} onClick=${() => { command.clear(); setAsking(true); }}>${act}</button></p>
    <${Preference} app=${app} channel=${channel} again=${again} />
    ${isAsking ? html`<${Ask} title=${`${act}: ${channel.name}`} label=${t("channels.switch.reason")} act=${act} required onDone=${done} onClose=${() => setAsking(false)}>
      <p>${isOff ? t("channels.switch.enable_says") : t("channels.switch.disable_says", { n: channel.queued })}</p><${Refused} err=${command.err} /></${Ask}>` : null}`;
}
