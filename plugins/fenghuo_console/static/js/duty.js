// @ts-check
// Who is on duty, and whether this console can be heard: it is armed by the press of whoever begins here.
import { html, useEffect } from "../vendor/ui.js";

/** @typedef {import("./app.js").App} App */

/** @param {{app: App}} props */
export function Duty({ app }) {
  useWakeLock();
  const shifts = [...app.state.shift.value.values()].filter((one) => one.state === "on");
  const names = shifts.map((one) => one.person);
  const { proof, isOn } = app.sound;
  return html`<section class="duty" aria-label=${app.t("duty.title")}>
    <p>${names.length ? app.t("duty.names", { names: names.join(", ") }) : app.t("duty.nobody")}</p>
    <p id="armed" class=${isOn.value && app.me ? "good" : "warn"}>${app.t(isOn.value && app.me ? "duty.armed" : "duty.not_armed")}</p>
    ${proof.value === "asking" ? html`<p role="group" aria-label=${app.t("sound.ask")}>${app.t("sound.ask")}
      <button type="button" class="main" onClick=${() => app.sound.answer(true)}>${app.t("sound.yes")}</button>
      <button type="button" onClick=${() => app.sound.answer(false)}>${app.t("sound.no")}</button></p>`
    : html`<button type="button" class=${isOn.value ? "" : "main"} onClick=${() => app.sound.test()}>${app.t(isOn.value ? "sound.test" : "duty.begin")}</button>`}
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
