// @ts-check
// What the node stands on: its certificates, the room for its store, the last copy, the last signed head of the audit.
import { html } from "../vendor/ui.js";
import { named, timeText } from "../js/i18n.js";

/** @typedef {import("../js/app.js").App} App */

// The steps of the alarms (certificate_watch.py) and of `fenghuo check disk`.
export const WARN_DAYS = [30, 7, 0];
const DISK_PCT = 80;
const BACKUP_DAYS = 7;
const DAY_MS = 86_400_000;

/** How a certificate stands: a word, and a class of the style sheet. @param {any} one @returns {[string, string]} */
export function gradeOf(one) {
  if (one.days === null) return ["fault", "bad"];
  if (one.days < WARN_DAYS[2]) return ["over", "bad"];
  return one.days < WARN_DAYS[1] ? ["bad", "bad"] : one.days < WARN_DAYS[0] ? ["warn", "warn"] : ["good", "good"];
}

/** Octets as people read them. @param {number} octets */
export function sizeText(octets) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, octets)) / 10));
  return `${(octets / 1024 ** step).toFixed(step ? 1 : 0)} ${units[step]}`;
}

/** @param {{app: App, status: any}} props */
export function Certificates({ app, status }) {
  const found = [...(status?.certificates ?? [])].sort((one, other) => (one.days ?? -Infinity) - (other.days ?? -Infinity));
  return html`<section aria-labelledby="certificates-title"><h2 id="certificates-title">${app.t("system.certificates")}</h2>
    ${found.length ? html`<div class="scroll" tabindex="0" role="group" aria-labelledby="certificates-title"><table class="certificates"><thead><tr>
      ${["system.certificate", "system.subject", "system.ends", "system.left", "system.account.state"].map((one) => html`<th key=${one} scope="col">${app.t(one)}</th>`)}</tr></thead>
      <tbody>${found.map((one) => html`<${Certificate} key=${one.name} app=${app} one=${one} />`)}</tbody></table></div>` : html`<p class="empty">${app.t("system.certificates_none")}</p>`}
  </section>`;
}

/** @param {{app: App, one: any}} props */
function Certificate({ app, one }) {
  const [word, look] = gradeOf(one);
  return html`<tr><th scope="row">${one.name}</th><td>${one.subject ?? ""}</td><td>${one.ends ? one.ends.slice(0, 10) : ""}</td>
    <td>${one.days === null ? "" : app.t("system.days", { n: one.days })}</td><td class=${look}>${named("system.grade", word)} ${one.fault ? html`<small lang="en">${one.fault}</small>` : null}</td></tr>`;
}

/** @param {{app: App, system: any}} props */
export function Storage({ app, system }) {
  if (!system) return null;
  const { storage, backup, audit, build } = system;
  const used = Math.round(100 * (1 - storage.free / Math.max(1, storage.total)));
  const isFull = used >= DISK_PCT || storage.free < 2 * storage.least_free;
  const backupDays = backup ? Math.floor((Date.parse(system.at) - Date.parse(backup.at)) / DAY_MS) : 0;
  return html`<section aria-labelledby="storage-title"><h2 id="storage-title">${app.t("system.storage")}</h2>
    ${isFull ? html`<p class="bad" role="alert">${app.t("system.disk_full", { least: sizeText(storage.least_free) })}</p>` : null}
    ${backup && backupDays > BACKUP_DAYS ? html`<p class="warn">${app.t("system.backup_old", { n: backupDays })}</p>` : null}
    <dl class="facts">${[
      [app.t("system.database"), sizeText(storage.database)], [app.t("system.wal"), sizeText(storage.wal)],
      [app.t("system.free"), app.t("system.free_of", { free: sizeText(storage.free), total: sizeText(storage.total), n: used })],
      [app.t("system.folder"), storage.folder],
      [app.t("system.backup"), backup ? `${timeText(backup.at, app.now())} ${sizeText(backup.bytes)} ${backup.path}` : app.t("system.backup_none")],
      [app.t("system.head"), audit.head ? app.t("system.head_behind", { at: timeText(audit.head, app.now()), n: audit.behind }) : app.t("system.head_none")],
      [app.t("system.build"), `Python ${build.python}, SQLite ${build.sqlite}`], [app.t("system.schema"), build.schema],
    ].map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>`;
}
