// @ts-check
// Pieces that several screens are made of.
import { html, useId, useLayoutEffect, useRef, useState } from "../vendor/ui.js";
import { clockText, has, named, t } from "./i18n.js";

/** A modal dialog: the focus stays in it and goes back to where it was. Escape closes it. @param {{title: string, onClose: () => void, children?: any, wide?: boolean, bare?: boolean}} props `bare`: what is in it has its own way out, in its own words */
export function Dialog({ title, onClose, children, wide = false, bare = false }) {
  const box = useRef(/** @type {HTMLDialogElement|null} */ (null));
  const id = useId();
  // Before the next key can come: what is typed at once belongs to the dialog already.
  useLayoutEffect(() => {
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    box.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return html`<dialog ref=${box} class=${wide ? "wide" : ""} aria-labelledby=${id} onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); onClose(); }}>
    <header class="row"><h2 id=${id}>${title}</h2>${bare ? null : html`<button type="button" class="quiet" onClick=${onClose}>${t("dialog.close")}</button>`}</header>
    ${children}
  </dialog>`;
}

/** A labelled field. Anything given beside `label` and `hint` goes to the control. @param {any} props */
export function Field({ label, hint, as = "input", children, ...rest }) {
  const id = useId();
  const says = hint ? { "aria-describedby": `${id}-hint` } : {};
  return html`<p class="field"><label for=${id}>${label}</label>
    ${as === "select" ? html`<select id=${id} ...${says} ...${rest}>${children}</select>` : as === "textarea" ? html`<textarea id=${id} ...${says} ...${rest}></textarea>` : html`<input id=${id} ...${says} ...${rest} />`}
    ${hint ? html`<small id=${`${id}-hint`}>${hint}</small>` : null}</p>`;
}

/** Asks for one line before something is done. @param {{title: string, label: string, act: string, required?: boolean, onDone: (text: string) => void, onClose: () => void, children?: any}} props */
export function Ask({ title, label, act, required = false, onDone, onClose, children }) {
  const [text, setText] = useState("");
  const submit = (/** @type {Event} */ event) => { event.preventDefault(); onDone(text.trim()); };
  return html`<${Dialog} title=${title} onClose=${onClose}><form onSubmit=${submit}>
    ${children}
    <${Field} label=${label} value=${text} required=${required} autofocus onInput=${(/** @type {any} */ event) => setText(event.target.value)} />
    <p class="row"><button class="main">${act}</button><button type="button" onClick=${onClose}>${t("dialog.cancel")}</button></p>
  </form></${Dialog}>`;
}

/** Which level of evidence was reached; below DEVICE it is never called delivered. @param {{level: string}} props */
export function Evidence({ level }) {
  return level ? html`<span class=${`evidence ${level.toLowerCase()}`}><span translate="no">${level}</span> ${named("evidence", level)}</span>` : null;
}

/** Shape, word and colour of an alarm's priority together. @param {{priority: string}} props */
export function Priority({ priority }) {
  return html`<span class=${`priority ${priority.toLowerCase()}`}>${t(`alarm.priority.${priority}`)}</span>`;
}

/** A sentence for what the server refused. @param {{code?: string, message?: string, msg?: string, args?: Record<string, any>}} err */
export function sentence(err) {
  const args = err.args ?? {};
  const at = typeof args.at === "number" ? clockText(args.at * 1000) : args.at ?? "";
  const code = err.code === "conflict" && args.reason === "key" ? "reused-key" : err.code ?? "internal";
  return has(`error.${code}`) ? t(`error.${code}`, { wait: args.retry_after_s ?? "", ...args, at, msg: err.msg || err.message || "" }) : err.msg || err.message || code;
}
