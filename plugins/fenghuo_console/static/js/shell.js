// @ts-check
// The frame around every screen: what is always seen, whatever is being done.
import { html, useEffect, useRef } from "../vendor/ui.js";
import { SCREENS } from "../screens/index.js";
import { PaperOffer } from "../screens/paper_offer.js";
import { Due, pick } from "./alarm_parts.js";
import { counts, needsAck, oldestHigh, ordered } from "./alarms.js";
import { Help, Palette } from "./help.js";
import { clockText, LANGUAGES } from "./i18n.js";
import { titleOf } from "./words_of_alarm.js";

/** @typedef {import("./app.js").App} App */

// Below this a difference between two clocks is the road the frame took.
const SKEW_SHOWN_MS = 2_000;
const BAR_ROWS = 3;
// An answer takes less; where there is none by then, nobody here knows what came of it.
const UNKNOWN_AFTER_MS = 3_000;

/** @param {{app: App}} props */
export function Shell({ app }) {
  const { id, args } = app.place.value;
  const me = app.me;
  const link = app.link.value;
  const needsLogIn = link.state === "login" || id === "login";
  const chosen = needsLogIn ? SCREENS.find((one) => one.id === "login") : SCREENS.find((one) => one.id === id) ?? SCREENS[0];
  const Screen = chosen?.module;
  const frame = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => (frame.current ? measured(frame.current) : undefined), []);
  useEffect(() => dress(app), [me, app.prefs.theme, app.ready.value]);
  return html`
    <a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>${app.t("shell.skip")}</a>
    <div class="frame" ref=${frame}>
      <${Top} app=${app} />
      <${Bars} app=${app} />
      <${HighBar} app=${app} />
    </div>
    <main id="main" tabindex="-1" class=${link.state === "live" || needsLogIn ? "" : "stale"} aria-label=${app.t(chosen?.title ?? "app.title")}>
      <${Screen} app=${app} args=${args} key=${chosen?.id} />
    </main>
    ${app.dialog.value === "help" ? html`<${Help} app=${app} />` : null}
    ${app.dialog.value === "palette" ? html`<${Palette} app=${app} />` : null}`;
}

/** Tell the style sheet how high the frame is, and how much of it is above the bars: both change with what there is to say. @param {HTMLElement} frame */
function measured(frame) {
  const watch = new ResizeObserver(() => {
    const root = document.documentElement.style;
    root.setProperty("--frame", `${frame.offsetHeight}px`);
    root.setProperty("--above", `${frame.querySelector("header")?.offsetHeight ?? 0}px`);
  });
  watch.observe(frame);
  return () => watch.disconnect();
}

// Exercise is another colour and another word on the whole page, laid over it by the style sheet: there is no element that could be taken out.
/** @param {App} app */
function dress(app) {
  const root = document.documentElement;
  const traffic = app.me?.traffic ?? "Actual";
  root.dataset.traffic = traffic;
  root.dataset.theme = app.prefs.theme;
  root.dataset.watermark = traffic === "Exercise" ? `${app.t("traffic.mark")}\u3000`.repeat(400) : "";
}

/** @param {{app: App}} props */
function Top({ app }) {
  const here = app.place.value.id;
  // What hangs on the wall is looked at and not worked at: keys lead away from it, and nothing there is to be pressed.
  if (here === "wall") return html`<header class="top bare"><p class="brand">${app.t("app.title")} <${Traffic} app=${app} /></p></header>`;
  return html`<header class="top">
    <p class="brand">${app.t("app.title")} <${Traffic} app=${app} /></p>
    <nav aria-label=${app.t("shell.screens")}><ul>
      ${SCREENS.filter((one) => one.inNav).map((one) => html`<li key=${one.id}><a href=${`#${one.id}`} aria-current=${here === one.id ? "page" : undefined}>${app.t(one.title)}</a></li>`)}
    </ul></nav>
    <${Person} app=${app} />
    <${Choices} app=${app} />
    <${Clock} app=${app} />
  </header>`;
}

/** @param {{app: App}} props */
function Traffic({ app }) {
  const traffic = app.me?.traffic;
  return traffic ? html`<strong class=${`traffic ${traffic.toLowerCase()}`}>${app.t(`traffic.${traffic}`)}</strong>` : null;
}

/** @param {{app: App}} props */
function Person({ app }) {
  const me = app.me;
  const leave = async () => { await app.session.logOut().catch(() => undefined); app.wire.stop(); app.wire.machine.forget(); app.sound.disarm(); app.wire.connect(); };
  if (!me) return html`<p class="person"><span>${app.t("shell.viewer")}</span> <a class="button" href="#login">${app.t("login.title")}</a></p>`;
  return html`<p class="person"><span>${me.display}</span> <button type="button" onClick=${leave}>${app.t("login.leave")}</button></p>`;
}

/** @param {{app: App}} props */
function Choices({ app }) {
  const themes = { auto: "light", light: "dark", dark: "auto" };
  const theme = app.prefs.theme;
  const other = LANGUAGES.find((one) => one !== app.prefs.lang) ?? LANGUAGES[0];
  return html`<p class="choices">
    <button type="button" lang=${other} onClick=${() => app.set({ lang: other })}>${app.t("shell.other_language")}</button>
    <button type="button" onClick=${() => app.set({ theme: /** @type {any} */ (themes[theme]) })}>${app.t(`shell.theme.${theme}`)}</button>
    <button type="button" onClick=${() => { app.dialog.value = "help"; }}>${app.t("help.open")}</button>
  </p>`;
}

/** @param {{app: App}} props */
function Clock({ app }) {
  app.second.value;
  return html`<p class="clock" aria-hidden="true">${clockText(app.now())}</p>`;
}

/** @param {{app: App}} props */
function Bars({ app }) {
  app.second.value;
  const link = app.link.value;
  const me = app.me;
  const skew = app.wire.machine.skewMs;
  const acts = app.pending.value.filter((one) => isAct(one));
  const waits = link.state === "live" ? [] : acts.filter((one) => !one.isSent);
  const pending = acts.filter((one) => !waits.includes(one) && app.now() - one.since > UNKNOWN_AFTER_MS);
  const needsSound = me && app.sound.proof.value !== "off" && !app.sound.running.value;
  return html`<div class="bars">
    ${link.state === "lost" ? html`<p class="bar bad" id="link">${app.t(link.heardMs ? "link.lost" : "link.never", { time: clockText(link.heardMs) })}</p>` : null}
    ${link.state === "forbidden" ? html`<p class="bar bad" id="link">${app.t("link.forbidden")}</p>` : null}
    ${link.state === "connecting" ? html`<p class="bar" id="link">${app.t("link.connecting")}</p>` : null}
    ${link.state === "live" && Math.abs(skew) > SKEW_SHOWN_MS ? html`<p class="bar warn" id="skew">${app.t("link.skew", { s: (skew / 1000).toFixed(0) })}</p>` : null}
    ${me && app.sound.proof.value === "refused" ? html`<p class="bar bad" id="silent">${app.t("sound.refused")}</p>` : null}
    ${needsSound ? html`<p class="bar bad" id="silent">${app.t("sound.off")} <button type="button" onClick=${() => app.sound.test()}>${app.t("sound.test")}</button></p>` : null}
    ${me?.locked ? html`<p class="bar warn" id="locked">${app.t("login.locked")} <a class="button" href="#login">${app.t("login.again")}</a></p>` : null}
    <${PaperOffer} app=${app} />
    ${waits.length ? html`<p class="bar warn" id="waits" role="status">${app.t("link.waits", { n: waits.length })}</p>` : null}
    ${pending.length ? html`<p class="bar warn" id="unknown">${app.t("link.unknown", { n: pending.length })}</p>` : null}
  </div>`;
}

/** Whether it is to change something: a question that waits is nobody's act. @param {import("./commands.js").Pending} one */
function isAct(one) {
  return "key" in one.frame;
}

/** @param {{app: App}} props */
function HighBar({ app }) {
  const alarms = [...app.state.alarm.value.values()];
  const high = ordered(alarms.filter((alarm) => alarm.priority === "HIGH" && needsAck(alarm)));
  const waits = counts(alarms);
  if (app.place.value.id === "wall") return null; // which lists them itself, for the whole room
  if (!high.length) return html`<section class="urgent none" aria-label=${app.t("alarm.high")}></section>`;
  return html`<section class="urgent" aria-label=${app.t("alarm.high")}>
    <strong>${app.t("alarm.priority.HIGH")} ×${waits.HIGH}</strong>
    <ul>${high.slice(0, BAR_ROWS).map((alarm) => html`<li key=${alarm.id} data-alarm=${alarm.id}>
      <button type="button" onClick=${() => pick(app, alarm.id)}>${titleOf(alarm)} <${Due} app=${app} by=${alarm.respond_by} /></button></li>`)}</ul>
    ${high.length > BAR_ROWS ? html`<span>${app.t("alarm.more", { n: high.length - BAR_ROWS })}</span>` : null}
  </section>`;
}

/** The keys that count on every screen. @param {App} app @returns {import("./keys.js").Binding[]} */
export function globalKeys(app) {
  const screens = SCREENS.filter((one) => one.key).map((one) => ({
    id: `go.${one.id}`, code: `KeyG ${one.key}`, title: one.title, run: () => app.go(one.id),
  }));
  const first = () => { const found = oldestHigh(app.state.alarm.value.values()); if (found) pick(app, found.id); };
  return [
    ...screens,
    { id: "help", code: "Slash", shift: true, title: "help.title", run: () => { app.dialog.value = "help"; } },
    { id: "palette", code: "KeyK", ctrl: true, title: "palette.title", run: () => { app.dialog.value = "palette"; } },
    { id: "first", code: "F8", fixed: true, title: "alarm.first", run: first },
    { id: "silence", code: "KeyS", title: "sound.silence", run: () => app.silence() },
  ];
}
