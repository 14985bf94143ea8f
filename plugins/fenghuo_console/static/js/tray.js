// @ts-check
// What lies before whoever is on watch: orders, reports and alerts that came to this desk, each until a person has it.
import { effect, html, useState } from "../vendor/ui.js";
import { Due } from "./alarm_parts.js";
import { Priority, sentence } from "./parts.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {{id: number, message: string, number: number, priority: string, traffic: string, to: string, desk: string, text: string, laid: string, respond_by: string, needed: string, seen_by: string, acked_by: string}} Slip as the topic `tray` has it */

/** How an order calls: as an alarm of that priority does. @param {Slip} slip */
export function priorityOf(slip) {
  return slip.priority <= "P1" ? "HIGH" : slip.priority === "P2" ? "MEDIUM" : "LOW";
}

/** What sounds of it: nobody has it. @param {Iterable<Slip>} slips */
export function calling(slips) {
  return [...slips].filter((slip) => !slip.acked_by).map((slip) => ({ id: `tray ${slip.id}`, priority: priorityOf(slip) }));
}

/** The most urgent first, then the oldest. @param {Iterable<Slip>} slips */
export function inOrder(slips) {
  return [...slips].sort((one, other) => one.priority.localeCompare(other.priority) || one.id - other.id);
}

/** Tell the daemon which of them are drawn here and whether their tone has started; again with each new line, which may be to another node. @param {App} app */
export function reportDrawn(app) {
  /** @type {Set<string>} */
  const told = new Set();
  const look = () => {
    if (app.link.peek().state !== "live") told.clear();
    if (document.hidden || app.link.peek().state !== "live") return;
    const sounds = app.sound.isOn.peek() && !app.sound.isSilenced;
    for (const slip of inOrder(app.state.tray.peek().values())) {
      const name = `${slip.id} ${sounds}`;
      if (told.has(name) || document.querySelector(`[data-slip="${slip.id}"]`) === null) continue;
      if (app.wire.saw(`tray/${slip.id}`, sounds)) told.add(name);
    }
  };
  effect(() => { app.state.tray.value; app.link.value; app.sound.isOn.value; app.second.value; requestAnimationFrame(look); });
}

/** @param {{app: App}} props */
export function Tray({ app }) {
  const [fault, tell] = useState("");
  const slips = inOrder(app.state.tray.value.values());
  const act = (/** @type {Slip} */ slip, /** @type {boolean} */ done) => app.cmd("tray.ack", { id: slip.id, done }).then(() => tell(""), (error) => tell(sentence(error)));
  if (!slips.length && !fault) return null;
  return html`<section class="tray" aria-labelledby="tray-title"><h2 id="tray-title">${app.t("tray.title")}</h2>
    ${fault ? html`<p class="warn" role="status">${fault}</p>` : null}
    <ul>${slips.map((slip) => html`<li key=${slip.id} data-slip=${slip.id} class="row">
      <${Priority} priority=${priorityOf(slip)} /><span class="grow">${app.t("tray.row", { to: slip.to, text: slip.text })}</span>
      ${slip.acked_by ? html`<span>${app.t("tray.acked", { name: slip.acked_by })}</span>` : html`<${Due} app=${app} by=${slip.respond_by} />
        <button type="button" class="main" disabled=${!app.may("operator")} onClick=${() => act(slip, false)}>${app.t("tray.ack")}</button>`}
      ${slip.needed === "DONE" ? html`<button type="button" disabled=${!app.may("operator")} onClick=${() => act(slip, true)}>${app.t("tray.done")}</button>` : null}
    </li>`)}</ul></section>`;
}
