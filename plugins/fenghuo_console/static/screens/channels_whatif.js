// @ts-check
// What would be lost if something failed: reckoned over the live rules, channels and directory, and nothing is changed by asking.
import { html, useState } from "../vendor/ui.js";
import { sayAll, t } from "../js/i18n.js";
import { Asking, useAsk } from "./asking.js";
import { CoverageBoard } from "./coverage_board.js";

/** @param {{app: import("../js/app.js").App}} props */
export function WhatIf({ app }) {
  const [lose, setLose] = useState(/** @type {string[]} */ ([]));
  const channels = [...app.state.channel.value.values()];
  const groups = [...new Set(channels.flatMap((one) => one.risk_groups))].sort();
  const names = channels.map((one) => one.name);
  const toggle = (/** @type {string} */ name) => setLose(lose.includes(name) ? lose.filter((one) => one !== name) : [...lose, name]);
  const asked = useAsk(app, "whatif", { lose });
  const coverage = useAsk(app, lose.length ? "coverage" : "", { lose });
  const box = (/** @type {string} */ name) => html`<label class="check" key=${name}><input type="checkbox" checked=${lose.includes(name)} onChange=${() => toggle(name)} /> <span translate="no">${name}</span></label> `;
  return html`<section aria-label=${t("channels.whatif.title")}><h2>${t("channels.whatif.title")}</h2><p>${t("channels.whatif.says")}</p>
    <fieldset><legend>${t("channels.whatif.groups")}</legend>${groups.map(box)}</fieldset>
    <fieldset><legend>${t("channels.whatif.channels")}</legend>${names.filter((name) => !groups.includes(name)).map(box)}</fieldset>
    <div aria-live="polite">${asked.data ? html`<ul class="says">${sentences(asked.data).map((says) => html`<li>${says}</li>`)}</ul>` : html`<${Asking} asked=${asked} app=${app} t=${t} />`}</div>
    ${coverage.data ? html`<${CoverageBoard} data=${coverage.data} />` : null}
  </section>`;
}

/** What the desk says of it, each single point of failure too. @param {any} data @returns {string[]} */
function sentences(data) {
  return [...sayAll(data), ...(data.single_points ?? []).flatMap(sayAll)];
}
