// @ts-check
// Who sits here, and for what traffic: a log-in, or a password by a one-time code. Exercise and Actual look different before anybody is in.
import { html, useState } from "../vendor/ui.js";
import { Field, sentence } from "../js/parts.js";

/** @typedef {import("../js/app.js").App} App */

/** @param {{app: App}} props */
export default function Login({ app }) {
  const [isEnrolling, setEnrolling] = useState(false);
  return html`<div class="narrow">
    ${isEnrolling ? html`<${Enrol} app=${app} onBack=${() => setEnrolling(false)} />` : html`<${LogIn} app=${app} onEnrol=${() => setEnrolling(true)} />`}
  </div>`;
}

/** @param {Event} event @returns {Record<string, string>} */
function said(event) {
  event.preventDefault();
  return Object.fromEntries([...new FormData(/** @type {HTMLFormElement} */ (event.currentTarget))].map(([name, value]) => [name, String(value)]));
}

/** @param {{app: App, onEnrol: () => void}} props */
function LogIn({ app, onEnrol }) {
  const [traffic, setTraffic] = useState("Actual");
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = async (/** @type {Event} */ event) => {
    const form = said(event);
    setBusy(true);
    setFault("");
    try {
      await app.session.logIn({ name: form.name, password: form.password, code: form.code, traffic });
      app.wire.machine.forget();
      app.wire.connect();
      app.go("watch");
    } catch (error) {
      setFault(sentence(/** @type {any} */ (error)));
    } finally {
      setBusy(false);
    }
  };
  return html`<form onSubmit=${submit} class=${`login ${traffic.toLowerCase()}`} data-traffic=${traffic}>
    <h1>${app.t("login.title")}</h1>
    <fieldset><legend>${app.t("login.traffic")}</legend>
      ${["Actual", "Exercise"].map((one) => html`<label key=${one} class=${`choice ${one.toLowerCase()}`}>
        <input type="radio" name="traffic" value=${one} checked=${traffic === one} onChange=${() => setTraffic(one)} /> ${app.t(`traffic.${one}`)}</label>`)}
    </fieldset>
    <${Field} label=${app.t("login.name")} name="name" autocomplete="username" required autofocus />
    <${Field} label=${app.t("login.password")} name="password" type="password" autocomplete="current-password" required />
    <${Field} label=${app.t("login.code")} name="code" inputmode="numeric" autocomplete="one-time-code" hint=${app.t("login.code_hint")} />
    ${fault ? html`<p role="alert" class="bad">${fault}</p>` : null}
    <p class="row"><button class="main" disabled=${isBusy}>${app.t(traffic === "Exercise" ? "login.enter_exercise" : "login.enter")}</button>
      <button type="button" onClick=${onEnrol}>${app.t("login.enrol")}</button></p>
  </form>`;
}

/** @param {{app: App, onBack: () => void}} props */
function Enrol({ app, onBack }) {
  const [fault, setFault] = useState("");
  const [done, setDone] = useState(/** @type {{otpauth: string, qr?: string}|null} */ (null));
  const submit = async (/** @type {Event} */ event) => {
    const form = said(event);
    setFault("");
    if (form.password !== form.again) { setFault(app.t("login.unequal")); return; }
    try {
      setDone(await app.session.enrol({ name: form.name, code: form.once, password: form.password, factor: form.factor === "on" }));
    } catch (error) {
      setFault(sentence(/** @type {any} */ (error)));
    }
  };
  if (done !== null) {
    return html`<section class="login"><h1>${app.t("login.enrolled")}</h1>
      ${done.otpauth ? html`<p>${app.t("login.factor")}</p>
        ${done.qr?.startsWith("data:image/svg+xml,") ? html`<p><img class="qr" src=${done.qr} alt=${app.t("login.qr")} /></p>` : null}
        <p>${app.t("login.by_hand")} <output class="secret">${new URL(done.otpauth).searchParams.get("secret")}</output></p><p><small class="secret">${done.otpauth}</small></p>` : null}
      <p><button class="main" type="button" onClick=${onBack}>${app.t("login.title")}</button></p></section>`;
  }
  return html`<form onSubmit=${submit} class="login"><h1>${app.t("login.enrol")}</h1>
    <p>${app.t("login.enrol_hint")}</p>
    <${Field} label=${app.t("login.name")} name="name" autocomplete="username" required autofocus />
    <${Field} label=${app.t("login.once")} name="once" autocomplete="off" required />
    <${Field} label=${app.t("login.new_password")} name="password" type="password" autocomplete="new-password" minlength="12" required hint=${app.t("login.password_hint")} />
    <${Field} label=${app.t("login.again_password")} name="again" type="password" autocomplete="new-password" required />
    <p><label><input type="checkbox" name="factor" /> ${app.t("login.want_factor")}</label></p>
    ${fault ? html`<p role="alert" class="bad">${fault}</p>` : null}
    <p class="row"><button class="main">${app.t("login.set")}</button><button type="button" onClick=${onBack}>${app.t("dialog.cancel")}</button></p>
  </form>`;
}
