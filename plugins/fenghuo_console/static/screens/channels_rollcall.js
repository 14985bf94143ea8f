// @ts-check
// 点名: everybody is called once over each channel, and each way that answers is proven by it.
import { html, useState } from "../vendor/ui.js";
import { named, spanText, t, timeText } from "../js/i18n.js";
import { Evidence, Field } from "../js/parts.js";
import { Asking, Refused, useAsk, useCommand } from "./asking.js";

/** @param {{app: import("../js/app.js").App}} props */
export function RollCall({ app }) {
  const [to, setTo] = useState("");
  const [via, setVia] = useState(/** @type {string[]} */ ([]));
  const [call, setCall] = useState(/** @type {any} */ (null));
  const command = useCommand(app);
  const channels = [...app.state.channel.value.values()];
  const names = to.split(/[\s,\uff0c\u3001]+/).filter(Boolean);
  const start = (/** @type {Event} */ event) => {
    event.preventDefault();
    command.run("rollcall.call", { to: names, via, traffic: app.me?.traffic ?? "Actual" }, setCall);
  };
  const toggle = (/** @type {string} */ name) => setVia(via.includes(name) ? via.filter((one) => one !== name) : [...via, name]);
  return html`<section aria-label=${t("channels.rollcall.title")}><h2>${t("channels.rollcall.title")}</h2><p>${t("channels.rollcall.says")}</p>
    <form onSubmit=${start}>
      <${Field} label=${t("channels.rollcall.to")} hint=${t("channels.rollcall.to_hint")} value=${to} required onInput=${(/** @type {any} */ event) => setTo(event.target.value)} />
      <fieldset><legend>${t("channels.rollcall.via")}</legend>${channels.map((one) => html`<label class="check" key=${one.name}><input type="checkbox" checked=${via.includes(one.name)} onChange=${() => toggle(one.name)} /> <span translate="no">${one.name}</span></label> `)}</fieldset>
      <${Refused} err=${command.err} />
      <p class="row"><button class="main" disabled=${!names.length || command.isOut || !app.may("operator")}>${t("channels.rollcall.act")}</button></p>
    </form>
    ${call ? html`<${Answers} app=${app} call=${call} />` : null}
    <${Proven} app=${app} />
  </section>`;
}

/** @param {{app: import("../js/app.js").App, call: any}} props */
function Answers({ app, call }) {
  const messages = call.calls.map((/** @type {any} */ one) => one.message).filter(Boolean);
  const asked = useAsk(app, messages.length ? "rollcall.show" : "", { messages }, { on: app.state.objective.value });
  app.second.value;
  return html`<section aria-label=${t("channels.rollcall.answers")}><h3>${t("channels.rollcall.answers")} <span class="quiet">${call.until ? spanText(Date.parse(call.until) - app.now()) : ""}</span></h3>
    ${call.calls.filter((/** @type {any} */ one) => one.why).map((/** @type {any} */ one) => html`<p class="refused"><span translate="no">${one.channel}</span> ${one.why}</p>`)}
    ${asked.data ? html`<table><thead><tr><th scope="col">${t("channels.rollcall.name")}</th><th scope="col">${t("channels.rollcall.channel")}</th><th scope="col">${t("channels.rollcall.evidence")}</th><th scope="col">${t("channels.rollcall.at")}</th></tr></thead>
      <tbody>${asked.data.map((/** @type {any} */ one) => html`<tr key=${`${one.message} ${one.recipient} ${one.channel}`}><th scope="row">${one.name}</th><td translate="no">${one.channel || t("channels.rollcall.no_way")}</td><td><${Evidence} level=${one.evidence} /></td><td>${timeText(one.answered, app.now())}</td></tr>`)}</tbody></table>` : html`<${Asking} asked=${asked} app=${app} t=${t} />`}
  </section>`;
}

/** What is known of each way to everybody, the least known first. @param {{app: import("../js/app.js").App}} props */
function Proven({ app }) {
  const asked = useAsk(app, "directory.proven", {});
  if (!asked.data) return html`<${Asking} asked=${asked} app=${app} t=${t} />`;
  return html`<details><summary>${t("channels.proven.title", { n: asked.data.length })}</summary><div class="scroll" tabindex="0" role="group" aria-label=${t("channels.proven.region")}><table>
    <thead><tr><th scope="col">${t("channels.rollcall.name")}</th><th scope="col">${t("channels.rollcall.channel")}</th><th scope="col">${t("channels.proven.age")}</th><th scope="col">${t("channels.proven.at")}</th><th scope="col">${t("channels.proven.chance")}</th></tr></thead>
    <tbody>${asked.data.slice(0, 300).map((/** @type {any} */ one) => html`<tr key=${`${one.recipient} ${one.channel}`}><th scope="row">${one.name}</th><td translate="no">${one.channel}</td><td class=${`age ${one.age}`}>${named("channels.age", one.age)}</td><td>${timeText(one.proven, app.now())} ${one.level ?? ""}</td><td>${(one.chance * 100).toFixed(0)} %</td></tr>`)}</tbody></table></div></details>`;
}
