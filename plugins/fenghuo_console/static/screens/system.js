// @ts-check
// 系统: the node itself, what is plugged into it, who has an account, and this person's own keyboard.
import { html, useEffect, useState } from "../vendor/ui.js";
import { named, timeText } from "../js/i18n.js";
import { Dialog, Field, sentence } from "../js/parts.js";
import { Certificates, Storage } from "./system_state.js";

/** @typedef {import("../js/app.js").App} App */

const RIGHTS = ["viewer", "operator", "releaser", "admin", "auditor"];

/** @param {{app: App}} props */
export default function System({ app }) {
  return html`<div class="system"><h1>${app.t("system.title")}</h1>
    <${Node} app=${app} />
    ${app.may("admin", "auditor") ? html`<${Accounts} app=${app} />` : null}
    <${Plugins} app=${app} />
    <${Keyboard} app=${app} />
  </div>`;
}

/** What a reading verb says, asked when the screen opens and on demand. @param {App} app @param {string} verb */
function useAsked(app, verb) {
  const [found, setFound] = useState(/** @type {{data: any, fault: string}} */ ({ data: null, fault: "" }));
  const look = () => app.ask(verb).then((data) => setFound({ data, fault: "" }), (error) => setFound({ data: null, fault: sentence(error) }));
  useEffect(() => { void look(); }, [app.me?.name, app.ready.value]);
  return { ...found, look };
}

/** @param {{app: App}} props */
function Node({ app }) {
  const { data, fault, look } = useAsked(app, "status");
  const below = useAsked(app, "system.show");
  const again = () => { void look(); void below.look(); };
  const facts = data && [
    [app.t("system.version"), data.version], [app.t("system.since"), timeText(data.since)],
    [app.t("system.accepting"), app.t(data.accepting ? "system.yes" : "system.no")],
    [app.t("system.queued"), data.queued], [app.t("system.in_flight"), data.in_flight], [app.t("system.in_doubt"), data.in_doubt],
    [app.t("system.clock"), [named("system.quality", data.clock_quality), Math.abs(data.clock_jump_s ?? 0) >= 1 ? app.t("system.jumped", { n: Math.round(data.clock_jump_s) }) : ""].filter(Boolean).join(" · ")],
    [app.t("system.consoles"), app.state.console.value.size || 1],
  ];
  return html`<section aria-labelledby="node-title"><header class="row"><h2 id="node-title">${app.t("system.node")}</h2><button type="button" onClick=${again}>${app.t("system.look")}</button></header>
    ${fault ? html`<p class="warn">${fault}</p>` : null}
    ${facts ? html`<dl class="facts">${facts.map((/** @type {[string, any]} */ [name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>` : null}
  </section>
  ${below.fault ? html`<p class="warn">${below.fault}</p>` : null}
  ${data ? html`<${Certificates} app=${app} status=${data} />` : null}
  <${Storage} app=${app} system=${below.data} />`;
}

/** @param {{app: App}} props */
function Plugins({ app }) {
  const { data, fault } = useAsked(app, "plugin.ls");
  return html`<section aria-labelledby="plugins-title"><h2 id="plugins-title">${app.t("system.plugins")}</h2>
    ${fault ? html`<p class="warn">${fault}</p>` : null}
    ${data ? html`<div class="scroll" tabindex="0" role="group" aria-labelledby="plugins-title"><table><thead><tr><th scope="col">${app.t("system.plugin")}</th><th scope="col">${app.t("system.kind")}</th><th scope="col">${app.t("system.type")}</th></tr></thead>
      <tbody>${data.map((/** @type {any} */ one) => html`<tr key=${`${one.plugin} ${one.kind} ${one.type}`} class=${one.kind === "fault" ? "bad" : ""}><td>${one.plugin}</td><td>${named("system.kinds", one.kind)}</td><td>${one.type}</td></tr>`)}</tbody></table></div>` : null}
  </section>`;
}

/** @param {{app: App}} props */
function Accounts({ app }) {
  const { data, fault, look } = useAsked(app, "account.ls");
  const [said, tell] = useState("");
  const [isAdding, setAdding] = useState(false);
  const act = async (/** @type {string} */ verb, /** @type {object} */ args) => {
    try {
      const answer = await app.cmd(verb, args);
      tell(answer.code ? app.t("system.code", { name: answer.name, code: answer.code }) : app.t("system.done", { name: answer.name }));
      await look();
    } catch (error) {
      tell(sentence(/** @type {any} */ (error)));
    }
  };
  const mayAct = app.may("admin");
  return html`<section aria-labelledby="accounts-title"><header class="row"><h2 id="accounts-title">${app.t("system.accounts")}</h2>
      ${mayAct ? html`<button type="button" onClick=${() => setAdding(true)}>${app.t("system.add")}</button>` : null}</header>
    <p role="status" class="notice">${said || fault}</p>
    ${data ? html`<div class="scroll" tabindex="0" role="group" aria-labelledby="accounts-title"><table><thead><tr>
      ${["name", "rights", "state", "factor", "acts"].map((one) => html`<th key=${one} scope="col">${app.t(`system.account.${one}`)}</th>`)}</tr></thead>
      <tbody>${data.map((/** @type {any} */ one) => html`<${Account} key=${one.name} app=${app} one=${one} act=${act} />`)}</tbody></table></div>` : null}
    ${isAdding ? html`<${Add} app=${app} onClose=${() => setAdding(false)} onDone=${(/** @type {object} */ args) => { setAdding(false); void act("account.add", args); }} />` : null}
  </section>`;
}

/** @param {{app: App, one: any, act: (verb: string, args: object) => void}} props */
function Account({ app, one, act }) {
  const [verb, ask] = useState("");
  const isOpen = one.state !== "disabled";
  return html`<tr><th scope="row">${one.display || one.name} <small>${one.name}</small></th><td>${one.rights.map((/** @type {string} */ right) => app.t(`right.${right}`)).join(" ")}</td>
    <td>${named("system.state", one.state)}</td><td>${app.t(one.factor ? "system.yes" : "system.no")}</td>
    <td class="row">${app.may("admin") ? html`
      <button type="button" onClick=${() => ask("account.password")}>${app.t("system.new_code")}</button>
      <button type="button" onClick=${() => ask(isOpen ? "account.disable" : "account.enable")}>${app.t(isOpen ? "system.disable" : "system.enable")}</button>
      <button type="button" onClick=${() => ask("account.end_sessions")}>${app.t("system.end_sessions")}</button>` : null}
    ${verb ? html`<${Dialog} title=${one.name} onClose=${() => ask("")}><p>${app.t(`system.sure.${verb}`, { name: one.name })}</p>
      <p class="row"><button type="button" class="main" onClick=${() => { ask(""); act(verb, { name: one.name }); }}>${app.t("system.sure")}</button><button type="button" onClick=${() => ask("")}>${app.t("dialog.cancel")}</button></p></${Dialog}>` : null}</td></tr>`;
}

/** @param {{app: App, onClose: () => void, onDone: (args: object) => void}} props */
function Add({ app, onClose, onDone }) {
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    onDone({ name: form.get("name"), display: form.get("display"), rights: form.getAll("rights"), areas: String(form.get("areas")).split(/[\s,;]+/).filter(Boolean) });
  };
  return html`<${Dialog} title=${app.t("system.add")} onClose=${onClose}><form onSubmit=${submit}>
    <${Field} label=${app.t("login.name")} name="name" required autofocus /><${Field} label=${app.t("system.display")} name="display" />
    <fieldset><legend>${app.t("system.account.rights")}</legend>${RIGHTS.map((one) => html`<label key=${one} class="choice"><input type="checkbox" name="rights" value=${one} /> ${app.t(`right.${one}`)}</label>`)}</fieldset>
    <${Field} label=${app.t("system.areas")} name="areas" hint=${app.t("system.areas_hint")} />
    <p class="row"><button class="main">${app.t("system.add")}</button><button type="button" onClick=${onClose}>${app.t("dialog.cancel")}</button></p>
  </form></${Dialog}>`;
}

/** @param {{app: App}} props */
function Keyboard({ app }) {
  return html`<section aria-labelledby="keyboard-title"><h2 id="keyboard-title">${app.t("system.keyboard")}</h2>
    <p><label><input type="checkbox" checked=${app.prefs.singleKeys} onChange=${() => app.set({ singleKeys: !app.prefs.singleKeys })} /> ${app.t("help.single")}</label></p>
    <p class="row"><button type="button" onClick=${() => { app.dialog.value = "help"; }}>${app.t("help.title")}</button>
      <button type="button" onClick=${() => app.set({ remap: {} })}>${app.t("system.remap_none")}</button></p>
    <h3>${app.t("system.sound")}</h3>
    <p><label>${app.t("system.volume")} <input type="range" min="0.1" max="2" step="0.1" value=${app.prefs.volume} onInput=${(/** @type {any} */ event) => app.set({ volume: Number(event.target.value) })} /></label>
      <button type="button" onClick=${() => app.sound.test()}>${app.t("sound.test")}</button></p>
  </section>`;
}
