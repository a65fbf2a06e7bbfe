"""Random texts of commands for the soundness test: tools of the tables with words that come from everywhere."""

# What stands behind the name of a tool: nothing, or words that let what follows be read in one way or another.
TOOLS = {
    "ls": ["", "-l", "-la", "-d", "--"], "cat": ["", "-n", "--"], "head": ["", "-n 5", "-n", "-c 1", "--"], "tail": ["", "-n 5", "-n", "--"], "grep": ["x", "-r x", "-e", "-- ", "-n --", "-c x --", "-A 1 x"],
    "find": [". -name", ".", "/srv -newer", ". -maxdepth 1 -name", ". -type f -exec ls {} ;", ". -path"], "sort": ["", "-n", "-k", "-t", "--", "-k 2"], "uniq": ["", "-c", "--"],
    "wc": ["", "-l", "--"], "cut": ["-d : -f", "-f 1", "-c"], "tr": ["a", "-d"], "sed": ["-n p", "-n", "s/a/b/", "-e p --", "'s/a/b/' --", "-n 1,5p"], "awk": ["'{print $1}'", "-v", "-F", "'{print}' --"],
    "date": ["", "+%s", "-d", "-r", "-u"], "hostname": ["", "-f"], "df": ["", "-h"], "du": ["-s", "-h --"], "stat": ["", "-c %s", "--"], "file": ["", "-b", "--"], "basename": ["", "-a", "--"], "dirname": ["", "--"],
    "readlink": ["-f", "--"], "realpath": ["", "--"], "diff": ["x", "-u --", "-u"], "cmp": ["x", "--"], "git": ["log", "log --", "status", "show", "diff --", "-C . log", "branch", "tag"], "tar": ["-tf", "tf", "-t -f x"],
    "ip": ["addr show", "a", "route", "link"], "ss": ["-t", "-ltn"], "ps": ["-p", "aux", "-o"], "uptime": [""], "whoami": [""], "id": ["", "-u"], "test": ["-f", "-n", "x ="], "[": ["-f"], "true": [""],
    "false": [""], "seq": ["1", "", "-s", "1 3"], "expr": ["1 +", "length"], "uname": ["-a"], "who": [""], "env": [""], "systemctl": ["status", "is-active", "show", "list-units", "status --"],
    "journalctl": ["-u", "-n 5", "-n"], "xargs": ["ls", "-n 1 ls --", "grep x", "-I {} ls {}", "-0 cat", "", "-n1 echo", "-I % find . -name %", "find"], "printf": ["%s", "'%s\\n'", "%d", "-v x %s", ""], "echo": ["", "-n", "-e"],
    "pwd": [""], "timeout": ["5 ls", "5 cat --"], "nice": ["ls", "-n 5 cat"], "tee": ["", "/dev/null"], "md5sum": ["", "--"], "sha256sum": ["", "--"], "zcat": ["", "--"], "column": ["-t", "-s"], "nl": ["", "--"], "rev": [""], "tac": [""],
    "paste": ["", "-d"], "comm": ["x"], "join": ["x"], "fold": ["-w"], "od": ["-c", "-t"], "strings": ["", "--"], "jq": [".", "-r .a", ".a --", "-r"], "free": ["-m"], "lsblk": [""], "mount": [""], "getent": ["passwd"], "type": [""],
    "command": ["-v", "ls", "-V"], "builtin": ["echo"], "which": [""], "docker": ["ps", "logs", "inspect", "logs --"], "kubectl": ["get pods", "get", "logs", "describe pod", "get pods -o"], "curl": ["-s", "-I"], "dpkg": ["-l", "-s"], "kill": ["-0", "-l"],
    "let": ["x=1"], "sleep": ["0"], "pgrep": ["-f", "-x", "x"], "numfmt": [""], "shuf": ["-e", ""], "lsof": ["-p"], "netstat": ["-tln"], "rg": ["x", "-e"], "yes": [], "base64": ["", "-d"], "xxd": [""], "printenv": [""], "less": [], "more": [],
    "stdbuf": ["-oL ls"], "setsid": ["ls"], "nohup": ["ls"], "sudo": ["ls", "-n cat --", "-u x ls"], "ionice": ["-c 3 ls"], "tsort": [""], "split": [], "dig": [""], "nproc": [""], "arch": [""], "lscpu": [""], "last": ["-n"], "w": [""],
}
NAMES = ["x", "y", "z", "f", "i", "a", "IFS", "OLDPWD", "REPLY", "PATH2", "LC_ALL"]

# Those of the shell that assign, evaluate or run what they are given.
BUILTINS = ["declare %", "export %", "readonly %", "typeset %", "local %", "read %", "read -r % y", "printf % %", "printf -v % x", "unset %", "let %", "test -v %", "getopts % x", "set % %", "shift %", "alias %",
            "trap % EXIT", "eval %", ". %", "exec %", "%", "% %", "command %", "builtin %", "hash %", "mapfile %", "declare -i x=%", "typeset -n x=%", "x=%; $x", "print %", "print -r -- %", "echo % %", "test % -eq %",
            "[ % % ]", "exit %", "return %", "ulimit %", "umask %", "cd % %", "wait %", "jobs %", "type %", "whence %", "source %", "pushd %", "dirs %", "times %", "bind %", "enable %", "help %", "history %"]


class Text:
    """One random text for a shell."""

    def __init__(self, r, shell):
        self.r, self.shell, self.depth = r, shell, 0

    def pick(self, *l):
        return self.r.choice(l)

    def name(self):
        return self.r.choice(NAMES[:6] if self.r.random() < .93 else NAMES)

    def lit(self):
        if self.r.random() < .15:
            return self.r.choice(["\\ ", "a\\b", "/", ".", "-", "--", "=", ":", "\\-", "%", "@", "+", ",", "^", "0", "1", "./", "~", "~/x", "..", "-x", "--x=", "\\\n", "-d"])
        return self.r.choice(["x", "a", "b.txt", "y.log", "/srv/x", "./x", "/var/log/a", "1", "10", "main", "foo", "*.log", "?", "[a-z]*", "*", "./*", "/etc/*", "HEAD", "a.b", "x1"])

    def quoted(self):
        return self.r.choice(["'a b'", '"a b"', "''", '""', "'*'", "'$x'", "'-'", '"\\$x"', "$'a\\tb'" if self.shell in ("bash", "zsh", "mksh") else "'q'", "'x y'", "\"x\"'y'", "'\\'", "'{a,b}'"])

    def value(self):
        """An expansion."""
        r, x = self.r, self.name()
        k = r.random()
        if k < .3:
            return "$" + x
        if k < .36:
            return r.choice(["$1", "$@", "$*", "$#", "$?", "${1}", "$2", "$-", "${@}", "$HOME", "$PWD", "${#}", "$$", "$!", "$0", "$RANDOM", "$LINENO", "$UID", "$OPTARG"])
        if k < .62:
            w = self.word(2) if self.depth < 3 else "x"
            forms = ["${%s:-%s}" % (x, w), "${%s-%s}" % (x, w), "${%s:=%s}" % (x, w), "${%s:+%s}" % (x, w), "${%s+%s}" % (x, w), "${%s#%s}" % (x, w), "${%s%%%s}" % (x, w), "${%s##*/}" % x, "${%s%%.*}" % x,
                     "${#%s}" % x, "${%s}" % x, "${%s:?}" % x]
            if self.shell in ("bash", "zsh", "mksh"):
                forms += ["${%s/%s/y}" % (x, w), "${%s//a/%s}" % (x, w), "${%s:1}" % x, "${%s:0:2}" % x, "${%s:%s}" % (x, self.arith()), "${%s[0]}" % x, "${%s[@]}" % x, "${#%s[@]}" % x, "${%s[*]}" % x, "${!%s}" % x, "${%s[%s]}" % (x, self.arith())]
            if self.shell == "bash":
                forms += ["${%s^^}" % x, "${%s,,}" % x, "${%s@Q}" % x, "${%s@P}" % x, "${!%s@}" % x, "${%s/#/%s}" % (x, w), "${%s/%%/%s}" % (x, w), "${@:1}", "${@:%s}" % self.arith(), "${@: -1}", "${!#}"]
            if self.shell == "zsh":
                forms += ["${=%s}" % x, "${~%s}" % x, "${(f)%s}" % x, "${(s:,:)%s}" % x, "${(P)%s}" % x, "${(e)%s}" % x, "$=%s" % x, "${%s:h}" % x, "${%s:t}" % x, "$%s[1]" % x, "${(q)%s}" % x, "${^%s}" % x]
            return r.choice(forms)
        if k < .72:
            return "$((" + self.arith() + "))"
        if self.depth < 3:
            return self.substitution()
        return "$" + x

    def substitution(self):
        self.depth += 1
        c = self.pipeline() if self.r.random() < .8 else self.list(2)
        self.depth -= 1
        if self.r.random() < .1 and "`" not in c and "\\" not in c and "'" not in c:
            return "`" + c + "`"
        return "$(" + c + ")"

    def arith(self):
        r, x = self.r, self.name()
        return r.choice(["1", "%s" % x, "$%s" % x, "%s + 1" % x, "%s+1" % x, "1-2", "$# - 1", "%s ? 1 : 2" % x, "0-1", "10", "%s * 2" % x, "${#%s}" % x, "1<<2", "%s = 3" % x, "%s++" % x, "-1", "$(wc -l <x)", "1 == %s" % x, "RANDOM %% 3", "%s[0]" % x])

    def braces(self):
        return self.r.choice(["{a,b}", "{1..3}", "{%s,%s}" % (self.lit(), self.value() if self.depth < 3 else "x"), "{,x}", "{a..c}", "{-,x}", "{a,b}{1,2}", "{x,-d}"])

    def piece(self):
        k = self.r.random()
        if k < .42:
            return self.lit()
        if k < .52:
            return self.quoted()
        if k < .72:
            return '"' + self.r.choice(["", "", "", "x", "/srv/", "-", " "]) + self.value().replace("\\\n", "") + self.r.choice(["", "", "", ".log", "/x", " "]) + '"'
        if k < .93:
            return self.value()
        return self.braces()

    def word(self, most=3):
        return "".join(self.piece() for _ in range(self.r.choice([1] * 5 + list(range(1, most + 1)))))

    def safe(self):
        """A word that is likely to be allowed anywhere."""
        return self.r.choice(["x", "/srv/x", '"/srv/$%s"' % self.name(), "/srv/%s/x" % self.value(), "./*", "y.log", "a%s" % self.value(), '"x%s"' % self.value(), "/var/log/{a,b}", "'a b'", "/srv/$((%s))" % self.arith(), "./%s" % self.piece()])

    def command(self):
        r = self.r
        tool = r.choice(list(TOOLS))
        while not TOOLS[tool]:
            tool = r.choice(list(TOOLS))
        c = tool + " " + r.choice(TOOLS[tool])
        for _ in range(r.choice([0, 0, 1, 1, 1, 2, 2, 3])):
            c += " " + (self.safe() if r.random() < .6 else self.word())
        if tool == "[":
            c += " ]"
        if r.random() < .06:
            c = r.choice(["x=%s ", "LC_ALL=%s ", "IFS=%s ", "y=%s ", "LANG=%s ", "TZ=%s "]) % self.word() + c
        return c.replace(" ;", " \\;")

    def redirect(self):
        return self.r.choice(["2>&1", "2>/dev/null", "</dev/null", "<x", ">/dev/null", "<<<%s" % self.word() if self.shell != "dash" and self.shell != "busybox" else "<x", "< %s" % self.safe(), ">&2", "3>&1", "2>&-", "> %s" % self.word(), "&>/dev/null" if self.shell != "dash" else "2>&1"])

    def simple(self):
        r = self.r
        k = r.random()
        if k < .55:
            c = self.command()
        elif k < .75:
            c = self.name() + r.choice(["=", "=", "=", "+=" if self.shell not in ("dash", "busybox") else "="]) + (self.word() if r.random() < .9 else "")
            if self.shell in ("bash", "zsh", "mksh") and r.random() < .15:
                c = self.name() + "=(%s)" % " ".join(self.word() for _ in range(r.randrange(3)))
            if r.random() < .2:
                c = r.choice(["local ", "export ", "readonly ", "declare ", "typeset ", "typeset -i ", "declare -a ", "export -n ", "local -r "]) + c
        elif k < .83:
            c = r.choice(["read x", "read -r x y", "read -r", "IFS= read -r x", "IFS=: read -r x y z", "read -a a", "mapfile -t a", "read -d '' x", "read -n 1 x", "read x <x", "read f < y.log"])
        elif k < .9:
            c = r.choice(["set --", "set -- $x", "shift", "set -f", "set +f", "cd %s" % self.safe(), "set -- %s" % self.word(), "set -u", "set -e", "unset x", "shift 2", "set -o noglob", "cd -", "IFS=%s" % self.word(), "set a %s" % self.word(), "shopt -s nullglob", "setopt sh_word_split", "set -o pipefail", "cd %s" % self.word(),
                          "pwd -P", "getopts a:b x", "hash -r", "umask", "printf -v x %s" % self.word(), "unset f", "wait", ": %s" % self.word(), "return", "exit", "break", "continue", "unset IFS", "ulimit -a", "times"])
        elif k < .93:
            c = r.choice(BUILTINS).replace("%", self.word())
        else:
            c = r.choice(["[ -f %s ]", "test -n %s", "[ %s = x ]", "[[ -n %s ]]", "[[ x == %s ]]", "[[ %s =~ x ]]", "[ 1 -eq %s ]", "[[ %s -gt 1 ]]", "(( %s ))", "[ ! -d %s ]", "[ -n x -a %s = 1 ]", "[[ -v %s ]]"])
            c = c.replace("(( %s ))", "(( " + self.arith().replace("%", "%%") + " ))") if c.startswith("((") else c % self.word()
        if r.random() < .2:
            c += " " + self.redirect()
        return c

    def pipeline(self):
        return ("! " if self.r.random() < .03 else "") + " | ".join((self.compound() if self.r.random() < .12 and self.depth < 3 else self.simple()) for _ in range(self.r.choice([1] * 6 + [2, 2, 3])))

    def list(self, most=4):
        out = ""
        for k in range(self.r.randrange(1, most + 1)):
            if k:
                out += self.r.choice([" && ", " || ", "; ", "; ", "\n", "; "])
            out += self.compound() if self.r.random() < .2 and self.depth < 3 else self.pipeline()
        return out

    def compound(self):
        r = self.r
        self.depth += 1
        x = self.name()
        body = self.list(3)
        k = r.randrange(14)
        if k == 0:
            c = "if %s; then %s; else %s; fi" % (self.pipeline(), body, self.list(2))
        elif k < 5:
            c = "for %s in %s; do %s; done" % (x, " ".join(self.word() for _ in range(r.choice([1, 1, 2, 3]))), body)
        elif k < 8:
            c = "while read -r %s; do %s; done" % (r.choice([x, x + " y", "x y z"]), body)
            c = r.choice(["%s | " % self.pipeline() + c, c + " <x", c + " < <(%s)" % self.pipeline() if self.shell in ("bash", "zsh") else c + " <y.log"])
        elif k == 8:
            c = "(%s)" % body
        elif k == 9:
            c = "{ %s; }" % body
        elif k == 10:
            c = "case %s in %s) %s;; *) %s;; esac" % (self.word(), self.word(2), body, self.simple())
        elif k == 11:
            c = "f() { %s; }; f %s" % (body, self.word())
        elif k == 12:
            c = "%s <<%s\n%s\nE" % (self.command(), r.choice(["E", "'E'"]), self.word())
            if "\nE" in c[:-2].split("\n", 1)[0]:
                c = "true"
            self.depth -= 1
            return "{ " + c + "\n}"
        else:
            c = "while [ -n \"$%s\" ]; do %s; shift; break; done" % (x, body)
        self.depth -= 1
        return c

    def text(self):
        r = self.r
        parts = []
        for _ in range(r.choice([0, 0, 1, 1, 2])):
            parts.append(r.choice(["x=$(ls)", "y=$1", "for x in *; do :; done", "read -r x", "set -- *", "x=*", "f=$(cat x)", "y=$(date +%s)", "x='a b'", "i=1", "x=$(ls | head -n 1)", "a=\"$(cat y.log)\"", "z=", "x=-", "IFS=,", "x=$((1+2))", "y=${x%%.*}", "x=/srv/$x", "while read -r x; do break; done <x"]))
        parts.append(self.list(3))
        return r.choice(["; ", "\n", "; "]).join(parts)
