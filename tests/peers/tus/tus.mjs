// A far end of resumable uploads for tests: the server, its protocol and its files are @tus/server's and @tus/file-store's; ours is the log.
// usage: node tus.mjs   (an open stdin keeps it alive)
// One line of JSON on stdout for each fact: UP {port}  ASKED {method, id, offset, octets}: a request as it came
// TUS_FOLDER: where they lie, TUS_SECRET: the Authorization that must be brought,
// TUS_HOST, TUS_PORT: where it listens.
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const modules = createRequire(pathToFileURL(`${process.env.TUS_MODULES}/`));
const load = (name) => import(pathToFileURL(modules.resolve(name)).href);
const { Server } = await load('@tus/server');
const { FileStore } = await load('@tus/file-store');

function say(what, facts) {
  fs.writeSync(1, JSON.stringify({ what, ...facts }) + '\n');
}

const uploads = new Server({ path: '/files', datastore: new FileStore({ directory: process.env.TUS_FOLDER }) });

const server = http.createServer((request, response) => {
  if (request.headers.authorization !== process.env.TUS_SECRET) {
    response.statusCode = 401;
    response.end();
    return;
  }
  const [offset, octets] = ['upload-offset', 'content-length'].map((name) => Number(request.headers[name] || 0));
  say('ASKED', { method: request.method, id: request.url.split('/').pop(), offset, octets });
  uploads.handle(request, response);
});
server.listen(Number(process.env.TUS_PORT || 0), process.env.TUS_HOST || '127.0.0.1', () => say('UP', { port: server.address().port }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
