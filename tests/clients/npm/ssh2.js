// A client with npm's ssh2, for the matrix of clients; see gossh.go for its command line.
//
// ssh2 knows no certificates. It takes a key object of one's own, though, so this one shows the certificate; and since it then names the signature
// after the certificate's type, which no server takes, its login request gets the plain name before it goes out.
'use strict';
const fs = require('fs');
const { Client, utils } = require('ssh2');
const Protocol = require('ssh2/lib/protocol/Protocol.js');

const [host, port, username, keyFile, certFile, op, ...rest] = process.argv.slice(2);
const key = utils.parseKey(fs.readFileSync(keyFile));
const [certType, certText] = fs.readFileSync(certFile, 'utf8').split(' ');
const plainType = key.type;
const shown = Object.create(key, { type: { value: certType }, getPublicSSH: { value: () => Buffer.from(certText, 'base64') } });

function plainName(payload) { // … string algorithm, string certificate, string (string name, string signature)
  const at = payload.length - (8 + certType.length + 64);
  if (payload[0] !== 50 || payload.toString('latin1', at + 4, at + 4 + certType.length) !== certType)
    return payload;
  const name = Buffer.from(plainType), out = Buffer.alloc(payload.length - certType.length + name.length);
  payload.copy(out, 0, 0, at - 4);
  out.writeUInt32BE(8 + name.length + 64, at - 4);
  out.writeUInt32BE(name.length, at);
  name.copy(out, at + 4);
  payload.copy(out, at + 4 + name.length, at + 4 + certType.length);
  return out;
}

const authPK = Protocol.prototype.authPK;
Protocol.prototype.authPK = function (...args) {
  const sign = args.pop();
  if (typeof sign !== 'function') return authPK.call(this, ...args, sign); // an offer; there is no signature in it
  const w = this._packetRW.write, finalize = w.finalize;
  return authPK.call(this, ...args, (data, done) => sign(data, (signature) => {
    w.finalize = (packet, ...more) => {
      w.finalize = finalize;
      const payload = packet.subarray(w.allocStart);
      for (let end = payload.length; end > 0; end--) { // there may be room for padding behind it
        const out = plainName(payload.subarray(0, end));
        if (out.length === end) continue;
        packet = w.alloc(out.length);
        packet.set(out, w.allocStart);
        break;
      }
      return finalize.call(w, packet, ...more);
    };
    done(signature);
  }));
};

const agent = new (require('ssh2').BaseAgent)();
agent.getIdentities = (cb) => cb(null, [shown]);
agent.sign = (pub, data, options, cb) => (cb || options)(null, key.sign(data));

function end(code) {
  process.exitCode = code;
  c.end();
}

function run(command, pty, rekey) {
  c.exec(command, pty ? { pty: true } : {}, (err, s) => {
    if (err) throw err;
    let code = 98, n = 0, due = 1 << 20;
    s.on('exit', (x) => { code = x; });
    s.on('close', () => end(code));
    s.on('data', (d) => {
      process.stdout.write(d);
      n += d.length;
      if (rekey && n > due) {
        due += 1 << 20;
        c._protocol.rekey(); // its public form is for servers
      }
    });
    s.stderr.on('data', (d) => process.stderr.write(d));
    process.stdin.pipe(s);
  });
}

function many(n) {
  const out = [];
  let left = n;
  for (let i = 0; i < n; i++) {
    c.exec('echo n' + i, (err, s) => {
      if (err) throw err;
      out[i] = '';
      s.on('data', (d) => { out[i] += d; });
      s.on('close', () => {
        if (--left > 0) return;
        process.stdout.write(out.join(''));
        end(0);
      });
    });
  }
}

const c = new Client();
c.on('ready', () => {
  if (op === 'many') many(Number(rest[0]));
  else if (op === 'put' || op === 'get') c.sftp((err, f) => {
    if (err) throw err;
    f[op === 'put' ? 'fastPut' : 'fastGet'](rest[0], rest[1], (e) => { if (e) console.error(e); end(e ? 1 : 0); });
  });
  else run(rest[0], op === 'pty', op === 'rekey');
});
c.on('error', (e) => { console.error(String(e)); process.exit(99); });
c.connect({ host, port: Number(port), username, agent });
