// The OpenID Connect provider of the compose file: a real one (npm oidc-provider), for trying the bastion out. Its clients' secrets stand in the
// compose file: put an issuer of your own in its place before anything matters.
//
//   TLS_DIR   where ca.pem is made, with a key and certificate of its own (openssl); the bastion reads ca.pem there
//   NAME, PORT   the issuer is https://NAME:PORT
//   AGENT_SECRET, OPERATOR_SECRET   of the clients "agent" (group ops-agents) and "operator" (group sre)
//
// A token: curl --cacert ca.pem -d grant_type=client_credentials -d client_id=agent -d client_secret=… https://NAME:PORT/token | jq -r .access_token
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { Provider } from 'oidc-provider';

const { TLS_DIR: dir = '/tls', NAME: name = 'idp', PORT: port = '8443', AGENT_SECRET, OPERATOR_SECRET } = process.env;
if (!AGENT_SECRET || !OPERATOR_SECRET) throw new Error('AGENT_SECRET and OPERATOR_SECRET must be set');
const issuer = `https://${name}:${port}`;
const groups = { agent: ['ops-agents'], operator: ['sre', 'auditors', 'sallyport-admins'] };

function openssl(...args) {
	execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
}

if (!existsSync(`${dir}/leaf.pem`)) {
	mkdirSync(dir, { recursive: true });
	writeFileSync(`${dir}/leaf.cnf`, `subjectAltName=DNS:${name}\nextendedKeyUsage=serverAuth\n`);
	const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
	openssl('req', '-x509', ...ec, '-days', '30', '-subj', '/CN=Sallyport example CA', '-keyout', 'ca.key', '-out', 'ca.pem');
	openssl('req', ...ec, '-subj', `/CN=${name}`, '-keyout', 'leaf.key', '-out', 'leaf.csr');
	openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', 'leaf.cnf',
		'-out', 'leaf.pem');
}

const key = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'ES256' };
const client = (id, secret) => ({ client_id: id, client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
	token_endpoint_auth_method: 'client_secret_post' });
const provider = new Provider(issuer, {
	jwks: { keys: [key] },
	clients: [client('agent', AGENT_SECRET), client('operator', OPERATOR_SECRET)],
	enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
	features: {
		clientCredentials: { enabled: true },
		devInteractions: { enabled: false },
		resourceIndicators: {
			enabled: true,
			defaultResource: () => 'urn:sallyport',
			useGrantedResource: () => true,
			getResourceServerInfo: () => ({ scope: '', audience: 'sallyport', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
		},
	},
	formats: {
		customizers: {
			jwt: (ctx, token, parts) => {
				const id = ctx.oidc.client.clientId;
				Object.assign(parts.payload, { sub: id, groups: groups[id] });
				return parts;
			},
		},
	},
	ttl: { ClientCredentials: 600 },
});
createServer({ key: readFileSync(`${dir}/leaf.key`), cert: readFileSync(`${dir}/leaf.pem`) }, provider.callback())
	.listen(Number(port), () => console.error(`serving ${issuer}`));
process.on('SIGTERM', () => process.exit(0));
