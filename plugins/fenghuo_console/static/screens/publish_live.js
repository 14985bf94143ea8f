// @ts-check
// What became of it: who has it by which evidence, over what, and how many people that is, as it happens.
import { html } from "../vendor/ui.js";
import { named, spanText, t, timeText } from "../js/i18n.js";
import { Evidence } from "../js/parts.js";
import { Asking, useAsk } from "./asking.js";
import { CoverageBoard } from "./coverage_board.js";
import { CancelButton, CorrectButton } from "./publish_cancel.js";

/** @param {{app: import("../js/app.js").App, message: any}} props `message`: as message.show gives it */
export function Live({ app, message }) {
  const objectives = app.state.objective.value;
  const coverage = useAsk(app, "coverage", { alert: message.id }, { on: objectives, restMs: 2000 });
  app.second.value;
  return html`<section class="live" aria-label=${t("publish.live.title")}>
    <p class="row"><b>${message.action === "Cancel" ? t("publish.one.ended") : named("message.state", message.state)}</b> ${message.action === "Cancel" ? null : html`<span>${t("publish.live.expires", { at: timeText(message.expires, app.now()), left: spanText(Date.parse(message.expires) - app.now()) })}</span>`}
      ${message.state === "active" && message.action !== "Cancel" ? html`<${CancelButton} app=${app} message=${message} /> <${CorrectButton} app=${app} message=${message} />` : null}</p>
    <h3>${t("publish.live.objectives")}</h3>
    ${message.objectives.length ? null : html`<p class="quiet">${t("publish.live.none")}</p>`}
    ${message.objectives.map((/** @type {any} */ one) => html`<${Objective} key=${one.id} app=${app} one=${objectives.get(`objective/${one.id}`) ?? one} deliveries=${one.deliveries} />`)}
    <h3>${t("coverage.title")}</h3>
    ${coverage.data ? html`<${CoverageBoard} data=${coverage.data} /><${Asking} asked=${coverage} app=${app} t=${t} />` : html`<${Asking} asked=${coverage} app=${app} t=${t} />`}
  </section>`;
}

/** @param {{app: import("../js/app.js").App, one: any, deliveries: any[]}} props */
function Objective({ app, one, deliveries }) {
  return html`<article class="objective"><h4>${one.audience} <span class=${`state ${one.state.toLowerCase()}`}>${named("objective.state", one.state)}</span></h4>
    <p>${t("publish.live.counts", { met: one.met, total: one.total, ended: one.ended, needed: one.needed })} ${named("evidence", one.needed)} · ${t("publish.live.deadline", { at: timeText(one.deadline, app.now()) })}</p>
    <progress max=${Math.max(1, one.total)} value=${one.met} aria-label=${t("publish.live.progress", { met: one.met, total: one.total })}></progress>
    <table><caption class="unseen">${t("publish.live.by_channel")}</caption><thead><tr><th scope="col">${t("publish.live.channel")}</th><th scope="col">${t("publish.live.evidence")}</th></tr></thead>
      <tbody>${byChannel(deliveries).map(([name, levels]) => html`<tr key=${name}><th scope="row" translate="no">${name}</th><td>${levels.map(([level, count]) => html`<span class="count"><${Evidence} level=${level} /> ×${count}</span> `)}</td></tr>`)}</tbody></table>
  </article>`;
}

/** Channel → how many deliveries have reached which level, the highest first. @param {any[]} deliveries @returns {[string, [string, number][]][]} */
export function byChannel(deliveries) {
  /** @type {Map<string, Map<string, number>>} */
  const counts = new Map();
  for (const one of deliveries) {
    const mine = counts.get(one.channel) ?? new Map();
    mine.set(one.evidence, (mine.get(one.evidence) ?? 0) + 1);
    counts.set(one.channel, mine);
  }
  const order = ["DONE", "HUMAN", "DEVICE", "RELAYED", "AIRED", "ACCEPTED", "STORED"];
  return [...counts].map(([name, levels]) => [name, [...levels].sort(([one], [other]) => order.indexOf(one) - order.indexOf(other))]);
}
