// @ts-check
// The keys that count now, and a way to anything by its name.
import { html, useState } from "../vendor/ui.js";
import { keyText } from "./keys.js";
import { Dialog } from "./parts.js";

/** @typedef {import("./app.js").App} App */

/** @param {{app: App}} props */
export function Help({ app }) {
  const close = () => { app.dialog.value = ""; };
  const rows = app.keys.bindings.filter((one) => app.prefs.singleKeys || one.fixed || one.ctrl);
  return html`<${Dialog} title=${app.t("help.title")} onClose=${close} wide>
    <p><label><input type="checkbox" checked=${app.prefs.singleKeys} onChange=${() => app.set({ singleKeys: !app.prefs.singleKeys })} /> ${app.t("help.single")}</label></p>
    <table><thead><tr><th scope="col">${app.t("help.key")}</th><th scope="col">${app.t("help.act")}</th><th scope="col">${app.t("help.other")}</th></tr></thead>
    <tbody>${rows.map((one) => html`<tr key=${one.id}><td><kbd>${keyText(one, app.keys.codeOf(one))}</kbd></td><td>${app.t(one.title)}</td>
      <td>${one.fixed || one.code.includes(" ") ? null : html`<input class="letter" maxlength="1" aria-label=${app.t("help.letter", { act: app.t(one.title) })} onInput=${(/** @type {any} */ event) => remap(app, one.id, event.target.value)} />`}</td></tr>`)}</tbody></table>
  </${Dialog}>`;
}

/** @param {App} app @param {string} id @param {string} letter "" puts the key back */
function remap(app, id, letter) {
  const { [id]: _, ...others } = app.prefs.remap;
  if (letter === "") app.set({ remap: others });
  else if (/^[a-zA-Z]$/.test(letter)) app.set({ remap: { ...others, [id]: `Key${letter.toUpperCase()}` } });
}

/** @param {{app: App}} props */
export function Palette({ app }) {
  const [text, setText] = useState("");
  const close = () => { app.dialog.value = ""; };
  const found = app.keys.bindings.filter((one) => (one.when?.() ?? true) && app.t(one.title).toLowerCase().includes(text.toLowerCase()));
  const run = (/** @type {import("./keys.js").Binding} */ one) => { close(); setTimeout(one.run); };
  const submit = (/** @type {Event} */ event) => { event.preventDefault(); if (found[0]) run(found[0]); };
  return html`<${Dialog} title=${app.t("palette.title")} onClose=${close}>
    <form onSubmit=${submit}><input aria-label=${app.t("palette.label")} autofocus value=${text} onInput=${(/** @type {any} */ event) => setText(event.target.value)} /></form>
    <ul class="palette">${found.map((one) => html`<li key=${one.id}><button type="button" onClick=${() => run(one)}>${app.t(one.title)} <kbd>${keyText(one, app.keys.codeOf(one))}</kbd></button></li>`)}</ul>
  </${Dialog}>`;
}
