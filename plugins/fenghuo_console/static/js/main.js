// @ts-check
// Builds the page, and tells the daemon what this console can see and hear.
import { effect, html, render } from "../vendor/ui.js";
import { sounding } from "./alarms.js";
import { App, placeOf } from "./app.js";
import { clockText, speak } from "./i18n.js";
import { prefs } from "./prefs.js";
import { reportSeen } from "./seen.js";
import { globalKeys, Shell } from "./shell.js";
import { calling, reportDrawn } from "./tray.js";
import { titleOf } from "./words_of_alarm.js";

const PRESENT_EVERY_MS = 10_000;
// A restart of the daemon is over before anybody can act on a tone.
const LOST_TONE_MS = 3_000;

const app = new App();

await speak(prefs.value.lang);
effect(() => { if (prefs.value.lang !== document.documentElement.lang) void speak(prefs.value.lang); });

addEventListener("hashchange", () => { app.place.value = placeOf(location.hash); });
addEventListener("keydown", (event) => { app.keys.press(event); });
app.keys.bind(globalKeys(app));

let touchedAt = Date.now();
for (const kind of ["keydown", "pointerdown"]) {
  addEventListener(kind, () => { touchedAt = Date.now(); void app.session.touched(); }, { capture: true, passive: true });
}

effect(() => app.sound.wants([...sounding(app.state.alarm.value.values()), ...calling(app.state.tray.value.values())]));

/** @type {any} */
let lostTone = null;
effect(() => {
  const { state, heardMs } = app.link.value;
  clearTimeout(lostTone);
  if (state !== "lost") return;
  app.say(app.t(heardMs ? "link.lost" : "link.never", { time: clockText(heardMs) }), true);
  lostTone = setTimeout(() => app.sound.lost(), LOST_TONE_MS);
});

app.store.onChange((ops) => {
  for (const op of ops) {
    if (op.p.startsWith("alarm/") && op.op === "set" && op.v.state === "UNACKED" && !app.state.alarm.peek().has(op.p)) {
      app.say(app.t("alarm.spoken", { priority: app.t(`alarm.priority.${op.v.priority}`), title: titleOf(op.v) }), op.v.priority === "HIGH");
    }
  }
});

reportSeen(app);
reportDrawn(app);

function present() {
  const isVisible = !document.hidden;
  const sound = app.sound.isOn.value;
  app.wire.present({ armed: Boolean(app.me) && sound && isVisible, sound, visible: isVisible, idle_s: Math.round((Date.now() - touchedAt) / 1000) });
}
effect(() => { app.sound.isOn.value; app.ready.value; app.session.me.value; present(); });
document.addEventListener("visibilitychange", present);
setInterval(present, PRESENT_EVERY_MS);
setInterval(() => { app.second.value += 1; app.session.tick(); }, 1_000);

// Exercise is not taken off the page by whoever opens the inspector.
new MutationObserver(() => {
  const { dataset } = document.documentElement;
  const isExercise = app.session.me.value?.traffic === "Exercise";
  if (isExercise && (dataset.traffic !== "Exercise" || !dataset.watermark)) {
    dataset.traffic = "Exercise";
    dataset.watermark = `${app.t("traffic.mark")}\u3000`.repeat(400);
  }
}).observe(document.documentElement, { attributes: true, attributeFilter: ["data-traffic", "data-watermark"] });

await app.session.resume().catch(() => undefined);
render(html`<${Shell} app=${app} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
app.wire.connect();
