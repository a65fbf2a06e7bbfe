#!/usr/bin/python3
"""What a policy that allows only reading lets through: rows P1, P9."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bastion import *  # noqa: E402,F403
from sshraw import *  # noqa: E402,F403


@row("P1", "no text gets around the parsed tree")
def p1():
    mark = path("home/pwned")
    # Each would make one empty file below the demo's own home, and nothing else, if it got through.
    t = "touch " + mark
    lines = ["ls; %s", "ls\n%s", "ls & %s", "ls | %s", "ls && %s", "ls || %s", "ls $(%s)", "ls `%s`", "ls <(%s)", "cat <<E\n$(%s)\nE", "ls\r\n%s", "ls\r%s",
             "ls -l \"$(%s)\"", "ls ${x:-$(%s)}", "ls $((`%s`))", "{ %s; }", "(%s)", "if true; then %s; fi", "for i in a; do %s; done", "while %s; do break; done",
             "f() { %s; }; f", "case a in a) %s;; esac", "eval '%s'", "sh -c '%s'", "bash -c '%s'", "env %s", "env -S '%s'", "xargs %s </dev/null", "nohup %s", "timeout 5 %s",
             "find . -maxdepth 0 -exec %s \\;", "exec %s", "command %s", "builtin eval '%s'", "\\%s", "'t'ouch" + t[5:].replace("%", "%%") if "%" in t else "'t'ouch " + mark,
             "t\\ouch " + mark, "$'\\x74ouch' " + mark, "x=%s; $x", "x='%s'; eval $x", "trap '%s' EXIT", "alias ls='%s'; ls", "ls >%s".replace("%s", mark), "echo x >| " + mark, "echo x >> " + mark,
             "ls 2>" + mark, "ls &>" + mark, "tee %s <app.log".replace("%s", mark), "dd if=/dev/null of=" + mark, "cp /dev/null " + mark, "sed -n 'w %s' app.log".replace("%s", mark),
             "awk 'BEGIN { system(\"%s\") }'", "sort -o %s app.log".replace("%s", mark), "python3 -c 'open(\"%s\",\"w\")'".replace("%s", mark), "perl -e 'open F,\">%s\"'".replace("%s", mark),
             "PATH=.:$PATH ls; %s", "ls \\\n; %s", "ls #\n%s", "ls '\n'; %s", "git -c core.pager='%s' --version; %s".replace("%s", t), "printf -v x %s; %s".replace("%s", t),
             "[[ -v 'a[$(%s)]' ]]", "test -v 'a[$(%s)]'", "(( a[$(%s)] ))", "ls {a,$(%s)}", "ls ~$(%s)", "cat < <(%s)", "coproc %s", "time %s", "! %s", "ls \u00a0; %s", "ls\u2028%s"]
    c = login()
    for text in lines:
        command = text.replace("%s", t)
        ch, _ = c.open()
        c.exec(ch, command)
        r = c.collect(15, ch)
        check("%r: %s" % (text[:46], r[0]), not os.path.exists(mark), command[:200])
        if os.path.exists(mark):
            os.unlink(mark)
    for text, what in ((b"ls\0; " + t.encode(), "a NUL"), (b"ls \xff\xfe; " + t.encode(), "bad UTF-8"), (b"ls \xc0\xbb" + t.encode(), "an overlong semicolon"),
                       (b"ls " + b"a" * 140000 + b"; " + t.encode(), "140 KB"), (b"ls " + b"$(" * 5000 + b")" * 5000, "5,000 deep"), (b"ls " + b"(" * 70 + t.encode() + b")" * 70, "70 deep")):
        c = login()
        ch, _ = c.open()
        try:
            c.exec(ch, text)
            r = c.collect(15, ch)[0]
        except Closed:
            r = "closed"
        check("%s: %s" % (what, r), not os.path.exists(mark) and r != 0 or what == "a NUL" and not os.path.exists(mark), r)
    # NUL: libssh hands the text over as far as the NUL; it is that text which is decided, rendered and run.
    check("no worker died of it", not crashes(), crashes()[:1])
    touch = subprocess.run(["bash", "-c", "HOME=%s SSH_ORIGINAL_COMMAND='touch %s' %s" % (path("home"), mark, path("target/login"))])
    check("(the target's shell could have made the file)", touch.returncode == 0 and os.path.exists(mark))
    os.unlink(mark)
    for shell in (("bash", "dash", "zsh", "mksh", "busybox") if LONG else ("bash",)):
        p = subprocess.run([os.path.join(TOP, "tests/corpus/score.sh"), "bypass", os.path.join(TOP, "tests/corpus/bypass.jsonl"), shell], capture_output=True, text=True,
                           env=dict(os.environ, SALLYPORT=os.path.join(BUILD, "sallyport")))
        check("the bypass corpus, decided for %s: %s" % (shell, p.stdout.strip().splitlines()[-1] if p.stdout else p.stderr[-100:]), p.returncode == 0, p.stdout[-300:])
    for name in ("shell_parse", "shell_render", "policy_decide"):
        if os.path.exists(os.path.join(BUILD, "tests/unit", name)):
            unit(name)


@row("P9", "typed bytes are not filtered: they reach no shell at all")
def p9():
    mark = path("home/typed")
    keys = [b"touch %s\r" % mark.encode(), b"ls\x15touch %s\n" % mark.encode(), b"l\x7f\x7ftouch %s\r" % mark.encode(), b"\x12touch\r", b"\x1b[A\r", b"ls\x16\x0a; touch %s\r" % mark.encode(),
            b"\x1b[200~touch %s\n\x1b[201~\r" % mark.encode(), b"!!\r", b"\x03\x04"]
    pty = ("pty-req", string("xterm") + u32(80) + u32(24) + u32(0) + u32(0) + string(""))
    for what, before in (("a shell", ()), ("a shell with a terminal", (pty,))):
        c = login()
        ch, _ = c.open()
        for b in before:
            c.request(ch, *b)
        c.request(ch, "shell")
        try:
            for k in keys:
                c.send(b"\x5e" + u32(ch) + string(k))
            r = c.collect(3, ch)
        except (Closed, socket.timeout):
            r = (None, b"", b"")
        c.close()
        time.sleep(0.2)
        check("%s: typing has changed nothing on the target (%s)" % (what, r[0]), not os.path.exists(mark), r)
    c = login()
    for name in ("bash", "bash -i", "sh", "python3", "vi", "less app.log", "script /dev/null", "socat - EXEC:sh", "tmux", "su -", "sudo -s"):
        ch, _ = c.open()
        c.request(ch, *pty)
        c.exec(ch, name)
        try:
            c.send(b"\x5e" + u32(ch) + string(b"touch %s\r!touch %s\r" % (mark.encode(), mark.encode())))
            time.sleep(0.3)
            check("%s: nothing happens while it is typed" % name, not os.path.exists(mark))
            c.send(b"\x60" + u32(ch))  # a shell's input is its program, and is decided when it has ended
            r = c.collect(6, ch)
        except socket.timeout:
            r = ("still running",)
            c = login()
        check("%s under a terminal: %s" % (name, r[0]), r[0] in (126, 75, 77) and not os.path.exists(mark), r)
    denied = [r for r in events("decision") if r.get("verdict") == "deny"]
    check("each refusal is a decision on record (%d)" % len(denied), len(denied) >= 8)


import socket  # noqa: E402
import time  # noqa: E402
main(config="limits: { per_source: 2000, unauthenticated: 1000, sessions_per_identity: 1000, commands_per_minute: 100000, login_grace: 30s }\n", policy="readonly.yaml")
