// @ts-check
// Who is on duty, and whether this console can be heard: it is armed by the press of whoever begins here.
import { html, useEffect, useState } from "../vendor/ui.js";
import { HandOver, TakeOver } from "./hand_over.js";
import { named } from "./i18n.js";
import { sentence } from "./parts.js";

/** @typedef {import("./app.js").App} App */

/** @param {{app: App}} props */
export function Duty({ app }) {
  useWakeLock();
  const [fault, tell] = useState("");
  const [dialog, open] = useState("");
  const shifts = [...app.state.shift.value.values()];
  const on = shifts.filter((one) => one.state === "on");
  const names = on.map((one) => `${one.person} ${named("duty.role", one.role)}`);
  const mine = on.find((one) => one.person === app.me?.name);
  const waits = on.find((one) => one.sheet && one.person !== app.me?.name);
  const { proof, isOn } = app.sound;
  const begin = async () => {
    void app.sound.test();
    if (!app.me || mine || !shifts.some((one) => one.state === "planned" && one.person === app.me?.name)) return;
    await app.cmd("shift.start", {}).then(() => tell(""), (error) => tell(sentence(error)));
  };
  return html`<section class="duty" aria-label=${app.t("duty.title")}>
    <p>${names.length ? app.t("duty.names", { names: names.join(", ") }) : app.t("duty.nobody")}</p>
    <p id="armed" class=${isOn.value && app.me ? "good" : "warn"}>${app.t(isOn.value && app.me ? "duty.armed" : "duty.not_armed")}</p>
    ${proof.value === "asking" ? html`<p role="group" aria-label=${app.t("sound.ask")}>${app.t("sound.ask")}
      <button type="button" class="main" onClick=${() => app.sound.answer(true)}>${app.t("sound.yes")}</button>
      <button type="button" onClick=${() => app.sound.answer(false)}>${app.t("sound.no")}</button></p>`
    : html`<button type="button" class=${isOn.value ? "" : "main"} onClick=${isOn.value ? () => app.sound.test() : begin}>${app.t(isOn.value ? "sound.test" : "duty.begin")}</button>`}
    ${mine && app.may("operator", "releaser") ? html`<button type="button" onClick=${() => open("hand")}>${app.t("duty.hand_over")}</button>` : null}
    ${waits && app.may("operator", "releaser") ? html`<button type="button" class="main" onClick=${() => open("take")}>${app.t("duty.take_over", { name: waits.person })}</button>` : null}
    ${fault ? html`<p class="warn" role="status">${fault}</p>` : null}
    ${dialog === "hand" && mine ? html`<${HandOver} app=${app} shift=${mine} onClose=${() => open("")} />` : null}
    ${dialog === "take" && waits ? html`<${TakeOver} app=${app} shift=${waits} onClose=${() => open("")} />` : null}
    ${app.sound.isSilenced ? html`<p class="warn">${app.t("sound.silenced")}</p>` : null}
  </section>`;
}

// The screen stays on while somebody watches. Where the browser cannot do it (no TLS), the lock of the desktop is the administrator's.
function useWakeLock() {
  useEffect(() => {
    /** @type {any} */
    let lock = null;
    let isHere = true;
    const hold = async () => {
      if (!isHere || document.hidden || !("wakeLock" in navigator)) return;
      try {
        lock = await /** @type {any} */ (navigator).wakeLock.request("screen");
        if (!isHere) void lock.release();
      } catch {
        lock = null;
      }
    };
    void hold();
    document.addEventListener("visibilitychange", hold);
    return () => { isHere = false; document.removeEventListener("visibilitychange", hold); void lock?.release(); };
  }, []);
}
