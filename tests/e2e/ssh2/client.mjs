// npm's ssh2 as a client with an OpenSSH certificate, which it knows nothing of by itself: an agent object offers the certificate's blob as a
// public key and signs with the key behind it. One thing more is needed (signed() below): ssh2 names the signature after the certificate, where
// PROTOCOL.certkeys wants the plain key's name, and neither sshd nor Sallyport takes the other. To be used by tests:
//
//   node client.mjs HOST PORT USER KEY CERTIFICATE shell < lines     a shell with a terminal, a line after each prompt
//   node client.mjs HOST PORT USER KEY CERTIFICATE exec COMMAND      prints what comes, ends with the command's status
//
// The package lies in node_modules beside this file (npm ci there).
import { createPrivateKey, sign } from 'node:crypto';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(new URL('./package.json', import.meta.url));
const { Client, BaseAgent, utils } = require('ssh2');
const [host, port, username, keyFile, certFile, what, command] = process.argv.slice(2);

const blob = Buffer.from(readFileSync(certFile, 'utf8').split(' ')[1], 'base64');
const parsed = utils.parseKey(readFileSync(keyFile));
const plain = createPrivateKey(parsed.getPrivatePEM());

// A public key to the client, but for what it says of itself.
const certificate = utils.parseKey(readFileSync(keyFile));
certificate.type = 'ssh-ed25519-cert-v01@openssh.com';
certificate.getPublicSSH = () => blob;

class CertificateAgent extends BaseAgent {
  getIdentities(cb) { cb(null, [certificate]); }
  sign(key, data, options, cb) {
    if (typeof options === 'function') cb = options;
    cb(null, sign(null, data, plain));
  }
}

const client = new Client();
client.on('error', (e) => { console.error(`ssh2: ${e.message}`); process.exit(255); });
client.on('ready', () => {
  if (what === 'exec') {
    client.exec(command, (e, stream) => {
      if (e) throw e;
      stream.on('data', (d) => process.stdout.write(d)).stderr.on('data', (d) => process.stderr.write(d));
      stream.on('close', (code) => { client.end(); process.exitCode = code ?? 255; });
    });
    return;
  }
  client.shell({ term: 'xterm', cols: 80, rows: 24 }, (e, stream) => {
    if (e) throw e;
    const lines = readFileSync(0, 'utf8').split('\n').filter((l) => l !== '');
    let seen = '';
    stream.on('data', (d) => {
      process.stdout.write(d);
      seen += d;
      if (!/\$ $/.test(seen)) return;
      seen = '';
      stream.write(lines.length > 0 ? `${lines.shift()}\n` : 'exit\n');
    });
    stream.on('close', (code) => { client.end(); process.exitCode = code ?? 0; });
  });
});
const word = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const string = (b) => Buffer.concat([word(b.length), b]);

// The login's packet with its signature named as it must be; null: it is another packet.
function signed(payload) {
  const name = Buffer.from(certificate.type);
  const at = payload.lastIndexOf(name);
  if (payload[0] !== 50 || at < payload.indexOf(blob) + blob.length) return null;
  const inner = Buffer.concat([string(Buffer.from('ssh-ed25519')), payload.subarray(at + name.length)]);
  return Buffer.concat([payload.subarray(0, at - 8), string(inner)]);
}

function nameSignatures() {
  const writer = client._protocol._packetRW.write;
  const finalize = writer.finalize.bind(writer);
  writer.finalize = (packet, force) => {
    const payload = signed(packet.subarray(writer.allocStart, 4 + packet.readUInt32BE(0) - packet[4])); // RFC 4253, section 6
    if (payload === null) return finalize(packet, force);
    const fresh = writer.alloc(payload.length);
    payload.copy(fresh, writer.allocStart);
    return finalize(fresh, force);
  };
}

client.on('handshake', nameSignatures);
client.connect({ host, port: Number(port), username, agent: new CertificateAgent(), readyTimeout: 30000, debug: process.env.SSH2_DEBUG ? console.error : undefined });
