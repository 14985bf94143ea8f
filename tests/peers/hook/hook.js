// A far end of webhooks for tests: the server is node's own http, the behaviour is ours.
// usage: node hook.js   (an open stdin keeps it alive)
// One line of JSON on stdout for each fact: UP {port, version}  POST {url, token, body, again}; again: this token came before, so that
// nobody is shown it twice. HOOK_HOST: where it listens, HOOK_PORT: on which port.
// /to/… takes everything; any other path is 410. Whoever does not bring the right Authorization gets 401.
'use strict';
const fs = require('fs');
const http = require('http');

const secret = process.env.HOOK_SECRET;
const known = new Set();

function isAgain(token) {
  const again = known.has(token);
  if (token) known.add(token);
  return again;
}

function say(what, facts) {
  fs.writeSync(1, JSON.stringify({ what, ...facts }) + '\n');
}

function answer(request, response, body) {
  if (request.headers.authorization !== secret) response.statusCode = 401;
  else if (request.method === 'POST' && !request.url.startsWith('/to/')) response.statusCode = 410;
  else if (request.method === 'POST') {
    const token = request.headers['idempotency-key'] || '';
    say('POST', { url: `http://${request.headers.host}${request.url}`, token, body, again: isAgain(token) });
  }
  response.end();
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => answer(request, response, Buffer.concat(chunks).toString('utf8')));
});
server.listen(Number(process.env.HOOK_PORT || 0), process.env.HOOK_HOST || '127.0.0.1', () => say('UP', { port: server.address().port, version: process.version }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
