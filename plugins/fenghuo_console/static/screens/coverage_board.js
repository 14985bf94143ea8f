// @ts-check
// How many people it can reach, and how many it did: three figures that are never added up, for each town against the gate.
import { html } from "../vendor/ui.js";
import { named, sayAll, t } from "../js/i18n.js";

const KINDS = ["potential", "reported", "emitted", "device", "human"];
const SHAPES = { green: "✔", amber: "▲", red: "✖" };

/** @param {any} figure */
function interval(figure) {
  return figure ? t("coverage.interval", { grouped: pct(figure.grouped_pct), lower: pct(figure.lower_pct), upper: pct(figure.upper_pct) }) : "–";
}

/** @param {number} value */
function pct(value) {
  return value.toFixed(1);
}

/** Light, shape and word together. @param {{light: string}} props */
export function Light({ light }) {
  return html`<span class=${`light ${light}`}><span aria-hidden="true">${SHAPES[/** @type {keyof typeof SHAPES} */ (light)] ?? ""}</span> ${named("coverage.light", light)}</span>`;
}

/** The board of one alert, or of everywhere. @param {{data: any}} props `data`: what the verb coverage gives */
export function CoverageBoard({ data }) {
  const kinds = KINDS.filter((kind) => data[kind]);
  const towns = data.potential.towns;
  const floor = data.gate.town_pct;
  const of = (/** @type {string} */ kind, /** @type {string} */ area) => data[kind].towns.find((/** @type {any} */ town) => town.area === area);
  return html`<section class="coverage" aria-label=${t("coverage.title")}>
    <p class="row"><${Light} light=${data.potential.light} /> <span>${t("coverage.gate", { over: data.gate.over_pct, town: floor })}</span></p>
    <div class="scroll" tabindex="0" role="group" aria-label=${t("coverage.table")}><table><caption>${t("coverage.caption", { assumption: named("coverage.assumption", data.assumption.split(":")[0]) })}</caption>
      <thead><tr><th scope="col">${t("coverage.town")}</th><th scope="col">${t("coverage.people")}</th>${kinds.map((kind) => html`<th scope="col">${named("coverage.kind", kind)}</th>`)}</tr></thead>
      <tbody>
        <tr class="total"><th scope="row">${t("coverage.total")}</th><td class="figure">${data.potential.people}</td>
          ${kinds.map((kind) => html`<td class=${data[kind].passes ? "" : "short"}>${interval(data[kind])}${kind === "potential" && !data[kind].passes ? html` <b>${t("coverage.short")}</b>` : null}</td>`)}</tr>
        ${towns.map((/** @type {any} */ town) => html`<tr key=${town.area}><th scope="row">${town.name} <code>${town.area}</code></th><td class="figure">${town.people}</td>
          ${kinds.map((kind) => { const one = of(kind, town.area); const isShort = kind === "potential" && one && one.grouped_pct < floor; return html`<td class=${isShort ? "short" : ""}>${interval(one)}${isShort ? html` <b>${t("coverage.short")}</b>` : null}</td>`; })}</tr>`)}
      </tbody></table></div>
    <details><summary>${t("coverage.says")}</summary><ul class="says">${sayAll(data).map((says) => html`<li>${says}</li>`)}</ul></details>
    ${data.potential.uncovered.length ? html`<details><summary>${t("coverage.uncovered", { n: data.potential.uncovered.length })}</summary>
      <ul>${data.potential.uncovered.map((/** @type {any} */ gap) => html`<li key=${gap.area}>${t("coverage.gap", { name: gap.name, town: gap.town, left: gap.left_out, people: gap.people })} <code>${gap.area}</code></li>`)}</ul></details>` : null}
  </section>`;
}
