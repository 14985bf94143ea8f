// @ts-check
// What will be heard and read, by whom, over what, at what price: shown before anybody signs, and again to whoever signs.
import { html } from "../vendor/ui.js";
import { named, t } from "../js/i18n.js";
import { Asking, useAsk } from "./asking.js";
import { CoverageBoard } from "./coverage_board.js";

/** Every form of a message, those first that a channel here takes. @param {{forms: any[]}} props */
export function Forms({ forms }) {
  const isTaken = (/** @type {any} */ form) => form.channels.length > 0;
  const ordered = [...forms.filter(isTaken), ...forms.filter((form) => !isTaken(form))];
  return html`<section class="forms" aria-label=${t("publish.forms.title")}><h3>${t("publish.forms.title")}</h3>
    ${ordered.map((form) => html`<details key=${form.form} open=${isTaken(form)}><summary><b>${named("publish.form", form.form)}</b> <code>${form.form}</code> ${form.why_not ? html`<span class="refused">${t("publish.forms.impossible")}</span>` : html`<span class="quiet">${size(form)}</span>`}</summary>
      ${form.why_not ? html`<p class="refused">${form.why_not}</p>` : html`<pre class="said" lang="zh-CN">${form.text}</pre>`}
      ${form.left_out.length ? html`<p class="left-out">${t("publish.forms.left_out", { what: form.left_out.join("; ") })}</p>` : null}
      ${isTaken(form) ? html`<ul class="costs">${form.channels.map((/** @type {any} */ one) => html`<li key=${one.channel}><b translate="no">${one.channel}</b> ${one.why_not || costs(one)}</li>`)}</ul>` : html`<p class="quiet">${t("publish.forms.nobody")}</p>`}
    </details>`)}
  </section>`;
}

/** @param {any} form */
function size(form) {
  return form.seconds ? t("publish.forms.spoken", { seconds: Math.round(form.seconds), octets: form.octets }) : t("publish.forms.octets", { octets: form.octets });
}

/** @param {any} one */
function costs(one) {
  const said = [];
  if (one.parts) said.push(t("publish.cost.parts", { n: one.parts }));
  if (one.airtime_s) said.push(t("publish.cost.airtime", { s: one.airtime_s.toFixed(1) }));
  if (one.fee_fen) said.push(t("publish.cost.fee", { yuan: (one.fee_fen / 100).toFixed(2) }));
  if (one.joules) said.push(t("publish.cost.joules", { j: Math.round(one.joules) }));
  return said.join(" · ");
}

/** What would be done: who by which way, how surely, what is left out and why. @param {{plan: any}} props */
export function Plan({ plan }) {
  return html`<section class="plan" aria-label=${t("publish.plan.title")}><h3>${t("publish.plan.title")}</h3>
    ${plan.objectives.length ? null : html`<p class="refused" role="alert">${t("publish.plan.nobody")}</p>`}
    ${[...plan.unknown, ...plan.unclear].map((says) => html`<p class="refused">${says}</p>`)}
    ${plan.objectives.map((/** @type {any} */ one) => html`<article key=${`${one.rule} ${one.audience}`}>
      <h4>${one.audience} <span class="quiet">${t("publish.plan.terms", { first: one.first_wave, n: one.people, needed: one.needed, priority: one.priority, s: one.deadline_s, signatures: one.signatures })}</span></h4>
      ${one.unreachable ? html`<p class="refused">${t("publish.plan.unreachable", { n: one.unreachable })}</p>` : null}
      ${one.held_by_mode ? html`<p class="refused">${t("publish.plan.held", { n: one.held_by_mode })}</p>` : null}
      <ol>${one.rungs.map((/** @type {any} */ rung) => html`<li key=${rung.rung}>${named("publish.rung", rung.mode)} ${rung.channels.map((/** @type {any} */ way) => html`<span class="way" key=${way.channel}><b translate="no">${way.channel}</b> ${named("channels.state", way.health)} ${t("publish.plan.way", { n: way.recipients, p: percent(way.p), s: Math.round(way.arrives_s ?? 0) })}</span> `)}</li>`)}</ol>
      ${one.coverage ? html`<p>${t("publish.plan.surely", { mean: percent(one.coverage.mean), target: percent(one.coverage.target), lowest: percent(one.coverage.lowest), who: one.coverage.lowest_for })}</p>` : null}
    </article>`)}
    ${plan.left_out.length ? html`<details><summary>${t("publish.plan.left_out", { n: plan.left_out.length })}</summary><ul>${plan.left_out.map((/** @type {any} */ out) => html`<li><b translate="no">${out.channel}</b> ×${out.recipients}: ${out.reason}</li>`)}</ul></details>` : null}
    <p><b>${t("publish.plan.cost", { yuan: (total(plan) / 100).toFixed(2) })}</b></p>
  </section>`;
}

/** The most that the first way of each costs, fen. @param {any} plan */
export function total(plan) {
  const ways = plan.objectives.flatMap((/** @type {any} */ one) => one.rungs.flatMap((/** @type {any} */ rung) => rung.channels));
  return ways.reduce((/** @type {number} */ sum, /** @type {any} */ way) => sum + (way.fee_fen ?? 0) * (way.at_once ?? way.recipients ?? 0), 0);
}

/** @param {number|undefined} share */
function percent(share) {
  return share === undefined ? "–" : (share * 100).toFixed(1);
}

/** Everything of a document that is not sent yet. @param {{app: import("../js/app.js").App, raw: string, areas: string[]}} props */
export function Preview({ app, raw, areas }) {
  const forms = useAsk(app, "message.preview", { raw });
  const plan = useAsk(app, "route.explain", { raw });
  const coverage = useAsk(app, "coverage", areas.length ? { areas } : {});
  return html`<div class="preview">
    ${forms.data ? html`<${Forms} forms=${forms.data.forms} />` : html`<${Asking} asked=${forms} app=${app} t=${t} />`}
    ${plan.data ? html`<${Plan} plan=${plan.data} />` : html`<${Asking} asked=${plan} app=${app} t=${t} />`}
    <h3>${t("coverage.title")}</h3>
    ${coverage.data ? html`<${CoverageBoard} data=${coverage.data} />` : html`<${Asking} asked=${coverage} app=${app} t=${t} />`}
  </div>`;
}
