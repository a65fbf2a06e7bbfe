// A server that answers badly, each path in its own way; for tests of what a fetch puts up with.
//   node bad.mjs DIR     (certificates in DIR as server.mjs makes them); prints {"port":N,"http_port":N} when ready
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer } from 'node:https';

const dir = process.argv[2];
const seen = {};

const answers = {
	'/ok': (req, res) => res.end('fine'),
	'/echo': (req, res) => {
		let body = '';
		req.on('data', (d) => { body += d; });
		req.on('end', () => res.end(`${req.method} ${req.headers['x-test'] || '-'} ${body}`));
	},
	'/redirect': (req, res) => { res.writeHead(302, { location: '/ok' }); res.end(); },
	'/404': (req, res) => { res.writeHead(404); res.end('no'); },
	'/huge': (req, res) => { // says nothing of its length and never ends
		const block = Buffer.alloc(65536, 'x');
		const more = () => { while (!res.destroyed && res.write(block)); };
		res.on('drain', more);
		more();
	},
	'/long': (req, res) => { res.writeHead(200, { 'content-length': 1 << 30 }); res.write('x'); },
	'/exact': (req, res) => res.end(Buffer.alloc(262144, 'x')),
	'/over': (req, res) => res.end(Buffer.alloc(262145, 'x')),
	'/drip': (req, res) => {
		const timer = setInterval(() => res.write('x'), 1000);
		res.on('close', () => clearInterval(timer));
	},
	'/steady': (req, res) => { // fast enough for the low-speed guard, too slow for the whole
		const timer = setInterval(() => res.write(Buffer.alloc(100, 'x')), 500);
		res.on('close', () => clearInterval(timer));
	},
	'/hang': () => {},
	'/headers': (req, res) => {
		res.socket.write('HTTP/1.1 200 OK\r\n');
		const timer = setInterval(() => res.socket.write(`x-${'y'.repeat(4000)}: z\r\n`), 1);
		res.on('close', () => clearInterval(timer));
	},
	'/bomb': (req, res) => { res.writeHead(200, { 'content-encoding': 'gzip' }); res.end(Buffer.from('H4sIAAAAAAAAA0tMSgYAwkEkNQMAAAA=', 'base64')); },
	'/hits': (req, res) => res.end(JSON.stringify(seen)),
};

function onRequest(req, res) {
	seen[req.url] = (seen[req.url] || 0) + 1;
	(answers[req.url] || answers['/404'])(req, res);
}

const tls = createServer({ key: readFileSync(`${dir}/leaf.key`), cert: readFileSync(`${dir}/leaf.pem`) }, onRequest);
const plain = createHttp(onRequest);
tls.listen(0, '127.0.0.1', () => plain.listen(0, '127.0.0.1', () => {
	process.stdout.write(`${JSON.stringify({ port: tls.address().port, http_port: plain.address().port })}\n`);
}));
process.on('SIGTERM', () => process.exit(0));
