// A real OpenID Connect provider (npm oidc-provider) over https on loopback, for end-to-end tests. Not for anything else: the
// client's secret is public and the token request chooses its own claims.
//
//   node server.mjs DIR
//
// Makes a CA and a server certificate in DIR (openssl), listens on a free port of 127.0.0.1, and prints one JSON line when ready:
//   {"port":N,"issuer":"https://127.0.0.1:N","ca_file":"DIR/ca.pem","pid":N}
//
// Tokens: POST /token with grant_type=client_credentials, client_id=agent, client_secret=agent, and
//   sub, aud, groups (comma list), alg (RS256, ES256, ES384, PS256, EdDSA), typ (at+jwt or JWT), ttl (seconds), act (actor's
//   subject), claims (JSON object, merged in last)
// POST /admin/rotate replaces the signing keys by new ones (SIGUSR1 does the same); with ?keep=1 the old ones stay published.
// GET /admin/hits answers how often the key set was fetched: {"jwks":N}
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';

console.info = console.log = console.warn = console.error; // stdout is for the one line
const { Provider } = await import('oidc-provider');

const dir = process.argv[2];
const hits = { jwks: 0 };

function openssl(...args) {
	execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
}

function makeCertificates() {
	writeFileSync(`${dir}/leaf.cnf`, 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n');
	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
		'/CN=Test CA', '-keyout', 'ca.key', '-out', 'ca.pem');
	openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=127.0.0.1', '-keyout',
		'leaf.key', '-out', 'leaf.csr');
	openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2',
		'-extfile', 'leaf.cnf', '-out', 'leaf.pem');
}

function makeKeys() {
	const jwk = (type, options, extra) => ({
		...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', ...extra,
	});
	return [
		jwk('rsa', { modulusLength: 2048 }, { alg: 'RS256' }),
		jwk('rsa', { modulusLength: 2048 }, { alg: 'PS256' }),
		jwk('ec', { namedCurve: 'P-256' }, { alg: 'ES256' }),
		jwk('ec', { namedCurve: 'P-384' }, { alg: 'ES384' }),
		jwk('ed25519', {}, { alg: 'EdDSA' }),
	];
}

function customize(ctx, token, parts) {
	const asked = ctx.oidc.body;
	const p = parts.payload;
	if (asked.sub) p.sub = asked.sub;
	if (asked.aud) p.aud = asked.aud;
	if (asked.groups !== undefined) p.groups = asked.groups.split(',').filter((g) => g !== '');
	if (asked.ttl) p.exp = p.iat + Number(asked.ttl);
	if (asked.act) p.act = { sub: asked.act };
	if (asked.claims) Object.assign(p, JSON.parse(asked.claims));
	if (asked.typ) parts.header = { ...parts.header, typ: asked.typ };
	return parts;
}

function makeProvider(issuer, keys) {
	const algs = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'];
	const provider = new Provider(issuer, {
		jwks: { keys },
		clients: [{ client_id: 'agent', client_secret: 'agent', grant_types: ['client_credentials'], redirect_uris: [],
			response_types: [], token_endpoint_auth_method: 'client_secret_post' }],
		enabledJWA: { idTokenSigningAlgValues: algs },
		features: {
			clientCredentials: { enabled: true },
			devInteractions: { enabled: false },
			resourceIndicators: {
				enabled: true,
				defaultResource: () => 'urn:sallyport:test',
				useGrantedResource: () => true,
				getResourceServerInfo: (ctx) => ({ scope: '', audience: 'sallyport', accessTokenFormat: 'jwt',
					jwt: { sign: { alg: ctx.oidc.body?.alg || 'RS256' } } }),
			},
		},
		formats: { customizers: { jwt: customize } },
		ttl: { ClientCredentials: 600 },
	});
	provider.on('server_error', (ctx, err) => console.error(err));
	return provider.callback();
}

makeCertificates();
let keys = makeKeys();
let handler;
let issuer;

function rotate(keep) {
	const fresh = makeKeys();
	handler = makeProvider(issuer, keep ? [...fresh, ...keys] : fresh);
	keys = fresh;
}

const server = createServer({ key: readFileSync(`${dir}/leaf.key`), cert: readFileSync(`${dir}/leaf.pem`) }, (req, res) => {
	const url = new URL(req.url, issuer);
	if (req.method === 'POST' && url.pathname === '/admin/rotate') {
		rotate(url.searchParams.has('keep'));
		res.end('ok\n');
	} else if (url.pathname === '/admin/hits') {
		res.end(`${JSON.stringify(hits)}\n`);
	} else {
		if (url.pathname === '/jwks') hits.jwks += 1;
		handler(req, res);
	}
});
server.listen(0, '127.0.0.1', () => {
	const { port } = server.address();
	issuer = `https://127.0.0.1:${port}`;
	handler = makeProvider(issuer, keys);
	process.stdout.write(`${JSON.stringify({ port, issuer, ca_file: `${dir}/ca.pem`, pid: process.pid })}\n`);
});
process.on('SIGUSR1', () => rotate(false));
process.on('SIGTERM', () => process.exit(0));
