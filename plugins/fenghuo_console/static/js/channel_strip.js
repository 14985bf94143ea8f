// @ts-check
// Every channel in one line: how it stands, and the most that it can prove.
import { html } from "../vendor/ui.js";
import { named } from "./i18n.js";
import { Evidence } from "./parts.js";

/** @typedef {import("./app.js").App} App */

const WORST_FIRST = ["down", "suspect", "probation", "unknown", "up"];

/** @param {{app: App}} props */
export function ChannelStrip({ app }) {
  const channels = [...app.state.channel.value.values()].sort((one, other) => WORST_FIRST.indexOf(one.health) - WORST_FIRST.indexOf(other.health) || (one.name < other.name ? -1 : 1));
  const chosen = app.selected.value?.topic === "channel" ? app.selected.value.id : "";
  return html`<section class="strip" aria-labelledby="strip-title"><h2 id="strip-title">${app.t("channel.list")}</h2>
    <ul>${channels.map((one) => html`<li key=${one.name}>
      <button type="button" class=${`channel ${one.admin === "enabled" ? one.health : "aside"}`} aria-pressed=${chosen === one.name ? "true" : "false"}
        onClick=${() => { app.selected.value = chosen === one.name ? null : { topic: "channel", id: one.name }; }}>
        <b>${one.name}</b> <span>${one.admin === "enabled" ? named("channel.health", one.health) : named("channel.admin", one.admin)}</span>
        ${one.evidence_max ? html`<span class="most">${app.t("channel.most")} <${Evidence} level=${one.evidence_max} /></span>` : null} ${one.queued ? html`<span>${app.t("channel.queued", { n: one.queued })}</span>` : null}
        ${one.reason ? html`<small>${one.reason}</small>` : null}
      </button></li>`)}</ul>
    ${channels.length ? null : html`<p class="empty">${app.t("channel.none")}</p>`}</section>`;
}
