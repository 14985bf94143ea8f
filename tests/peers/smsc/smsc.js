// A short message centre for tests: session and codec are node-smpp's, the behaviour is ours.
// usage: node smsc.js [--port N] [--store FILE] [--delay-ms N] [--password P] [--id-form hex|decimal|mixed] [--rate N] [--silent 1]   (an open stdin keeps it alive)
//
// Every fact is one synchronous line of JSON on stdout: what was printed has been seen, whatever kills us next.
//   UP {port}  BIND {system_id}  SUBMIT {...}  THROTTLED {dst}  DLR-TX {id}  DLR-ACK {id,status}  MO-ACK {n,status}  GONE  ERR {message}
// Destinations ending in 99 fail (UNDELIV, err 005), in 88 are throttled, in 77 never get an answer, in 66 are refused as numbers.
// Ids are seeded from the time, so that a restart reuses none. With --store a report is kept until it is acknowledged, and is sent
// again to the next bind after a kill. --rate throttles whatever exceeds N submissions in a second.
// With --silent 1 nothing is reported until it is told to be. Reports wait for the account (system_id) that submitted.
// stdin, one JSON object a line: {"mo": {"from","to","text","parts","sent"}}, {"raw_report": {"from","to","text","id"}}, {"unbind": true},
//   {"report": {"id","ok"}} (of a submission), {"hasty": true|false} (report before the answer), {"held": true|false} (what is due waits)
'use strict';
const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');

const options = { port: '0', store: '', 'delay-ms': '20', password: 'lab', 'id-form': 'hex', rate: '0', silent: '0' };
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];

let nextId = Date.now() * 1000;
let moNumber = 0;
let second = 0;
let inSecond = 0;
const sessions = new Set();
const unacknowledged = new Map();
const taken = new Map();
let hasty = false;
let held = false;
const due = [];

function say(what, facts) {
  fs.writeSync(1, JSON.stringify({ what, at: Date.now() / 1000, ...facts }) + '\n');
}

const journal = options.store ? fs.openSync(options.store, 'a+') : -1;
if (journal >= 0) {
  for (const line of fs.readFileSync(options.store, 'utf8').split('\n')) {
    let entry;
    try { entry = JSON.parse(line); } catch { continue; }
    if (entry.done) unacknowledged.delete(entry.done); else unacknowledged.set(entry.id, entry);
  }
}
function keep(entry) {
  if (journal >= 0) fs.writeSync(journal, JSON.stringify(entry) + '\n');
}

function minute() {
  return new Date().toISOString().slice(2, 16).replace(/[-T:]/g, '');
}

function reportFor(entry) {
  const stat = entry.ok ? 'DELIVRD' : 'UNDELIV';
  const id = options['id-form'] === 'mixed' ? String(parseInt(entry.id, 16)) : entry.id;
  return {
    source_addr: entry.dst, destination_addr: entry.src, esm_class: 4, data_coding: 0,
    receipted_message_id: id, message_state: entry.ok ? 2 : 5,
    short_message: `id:${id} sub:001 dlvrd:00${entry.ok ? 1 : 0} submit date:${entry.at} done date:${minute()} stat:${stat} err:${entry.ok ? '000' : '005'} text:`,
  };
}

function sendReport(session, entry) {
  say('DLR-TX', { id: entry.id });
  session.deliver_sm(reportFor(entry), (answer) => {
    if (answer.command_status === 0) {
      unacknowledged.delete(entry.id);
      keep({ done: entry.id });
    }
    say('DLR-ACK', { id: entry.id, dst: entry.dst, status: answer.command_status, ok: entry.ok });
  });
}

function sendDue(session, entry) {
  if (sessions.has(session) && unacknowledged.has(entry.id)) sendReport(session, entry);
}

function isTooFast() {
  const limit = Number(options.rate);
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) { second = now; inSecond = 0; }
  inSecond += 1;
  return limit > 0 && inSecond > limit;
}

function describe(pdu, id) {
  const short = pdu.short_message || {};
  const inShort = short.message !== undefined && short.message.length > 0;
  const text = inShort ? short.message : (pdu.message_payload ? pdu.message_payload.message : '');
  return {
    id, src: pdu.source_addr, dst: pdu.destination_addr, ton: pdu.dest_addr_ton, npi: pdu.dest_addr_npi, coding: pdu.data_coding, esm: pdu.esm_class,
    report: pdu.registered_delivery, payload: !inShort && text !== '',
    udh: short.udh ? short.udh.map((element) => element.toString('hex')) : [],
    validity_s: pdu.validity_period instanceof Date ? Math.round((pdu.validity_period - Date.now()) / 1000) : null,
    text: Buffer.isBuffer(text) ? 'hex:' + text.toString('hex') : text,
  };
}

function submitted(session, pdu) {
  const dst = pdu.destination_addr;
  if (dst.endsWith('88') || isTooFast()) {
    say('THROTTLED', { dst });
    session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    return;
  }
  if (dst.endsWith('66')) {
    say('REFUSED', { dst });
    session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
    return;
  }
  const number = nextId++;
  const id = options['id-form'] === 'decimal' ? String(number) : number.toString(16);
  say('SUBMIT', describe(pdu, id));
  if (dst.endsWith('77')) return;
  const entry = { id, src: pdu.source_addr, dst, at: minute(), ok: !dst.endsWith('99'), owner: session.owner };
  const wanted = (pdu.registered_delivery & 1) && options.silent !== '1';
  taken.set(id, entry);
  if (wanted) { unacknowledged.set(id, entry); keep(entry); }
  if (hasty) report({ id, ok: true });
  session.send(pdu.response({ message_id: id }));
  if (wanted) {
    setTimeout(() => { if (held) due.push([session, entry]); else sendDue(session, entry); }, Number(options['delay-ms']));
  }
}

function bound(session, pdu) {
  if (pdu.password !== options.password) {
    say('BIND-REFUSED', { system_id: pdu.system_id });
    session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
    session.close();
    return;
  }
  say('BIND', { system_id: pdu.system_id });
  session.send(pdu.response({ system_id: 'TESTSMSC' }));
  session.owner = pdu.system_id;
  sessions.add(session);
  for (const entry of [...unacknowledged.values()]) if (entry.owner === session.owner) sendReport(session, entry);
}

function mo({ from, to, text, parts = 1, sent = parts }) {
  const number = ++moNumber;
  const size = Math.ceil(text.length / parts);
  for (const session of sessions) {
    for (let part = 1; part <= sent; part += 1) {
      const piece = Buffer.from(text.slice((part - 1) * size, part * size), 'utf16le').swap16();
      const header = Buffer.from([5, 0, 3, number & 255, parts, part]);
      const message = parts > 1 ? Buffer.concat([header, piece]) : piece;
      session.deliver_sm(
        { source_addr: from, destination_addr: to, data_coding: 8, esm_class: parts > 1 ? 0x40 : 0, short_message: message },
        (answer) => say('MO-ACK', { n: number, part, status: answer.command_status }));
    }
  }
}

function rawReport({ from, to, text, id }) {
  for (const session of sessions) {
    session.deliver_sm({ source_addr: from, destination_addr: to, esm_class: 4, data_coding: 0, short_message: text, ...(id ? { receipted_message_id: id } : {}) },
      (answer) => say('DLR-ACK', { id: id || text, status: answer.command_status }));
  }
}

function report({ id, ok }) {
  const entry = { ...taken.get(id), ok };
  unacknowledged.set(id, entry);
  for (const session of sessions) if (session.owner === entry.owner) sendReport(session, entry);
}

function obey(line) {
  const order = JSON.parse(line);
  if (order.mo) mo(order.mo);
  if (order.raw_report) rawReport(order.raw_report);
  if (order.report) report(order.report);
  if (order.hasty !== undefined) hasty = order.hasty;
  if (order.held !== undefined) {
    held = order.held;
    if (!held) for (const [session, entry] of due.splice(0)) sendDue(session, entry);
  }
  if (order.unbind) for (const session of sessions) session.unbind();
}

const server = smpp.createServer({}, (session) => {
  session.on('close', () => { sessions.delete(session); say('GONE', {}); });
  session.on('error', (error) => say('ERR', { message: error.message }));
  for (const bind of ['bind_transceiver', 'bind_receiver', 'bind_transmitter']) session.on(bind, (pdu) => bound(session, pdu));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', (pdu) => submitted(session, pdu));
});
server.listen(Number(options.port), '127.0.0.1', () => say('UP', { port: server.address().port }));
const input = readline.createInterface({ input: process.stdin });
input.on('line', obey);
input.on('close', () => process.exit(0));
