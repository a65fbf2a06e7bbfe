#!/bin/bash
# Replay keeps from the terminal what a recording could do to it; a decompression bomb stops cleanly in little memory; a name that is
# a path is no recording's id.
. "$(dirname "$0")/lib.sh"
d=$(mktemp -d)
trap 'rm -rf "$d"' EXIT
sallyport() { "$SALLYPORT_BUILD/sallyport" "$@"; }

# Every kind of sequence that does something to a terminal, around text that must stay.
/usr/bin/python3 - "$d" <<'P'
import gzip, json, sys
seqs = ["\x1b]0;PWNED\x07", "\x1b]2;PWNED\x1b\\", "\x1b]52;c;UFdORUQ=\x07", "\x1b]8;;http://PWNED\x1b\\", "\x1b]4;1;?\x07", "\x1b]9;PWNED\x07",
        "\x1b]777;notify;PWNED;x\x07", "\x1b]1337;File=name=UFdORUQ=:AAAA\x07", "\x1b]50;PWNED\x07", "\x1b]133;A\x07", "\x1bPPWNED\x1b\\", "\x1bP$qPWNED\x1b\\",
        "\x1bP+qPWNED\x1b\\", "\x1b_PWNED\x1b\\", "\x1b^PWNED\x1b\\", "\x1bXPWNED\x1b\\", "\x1b[c", "\x1b[>c", "\x1b[=c", "\x1b[5n", "\x1b[6n", "\x1b[?6n",
        "\x1b[21t", "\x1b[18t", "\x1b[14t", "\x1b[?1$p", "\x1b[>q", "\x1bZ", "\x05", "\x1b[x", "\x1b[?1000h", "\x1b[?1003;1006h", "\x1b[?1004h",
        "\x1b[?2004h", "\x1bc", "\x1b[!p", "\x1b[5i", "\u009d0;x\u009c", "\u009b6n", "\x07"]
with gzip.open(sys.argv[1] + "/evil.cast.gz", "wt", newline="") as f:
    f.write(json.dumps({"version": 2, "width": 80, "height": 24, "timestamp": 1700000000, "title": "\x1b]0;PWNED\x07"}) + "\n")
    for i, s in enumerate(seqs):
        f.write(json.dumps([i / 1000, "o", "text%02d" % i + s + "\x1b[1mbold\x1b[0m\r\n"]) + "\n")
        f.write(json.dumps([i / 1000, "m", "marker" + s]) + "\n")
print(len(seqs))
P
sallyport replay --no-wait "$d/evil.cast.gz" >"$d/shown" || fail "replay"
is "all text is shown" 40 "$(grep -c 'text..' "$d/shown")"
is "colours stay" 40 "$(grep -c $'\e\[1mbold\e\[0m' "$d/shown")"
hasnt "no title, clipboard, link or string" PWNED "$(cat -v "$d/shown")"
is "nothing is left but text and colours" "" "$(sed 's/\x1b\[[01]m//g' "$d/shown" | grep -P '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]')"
has "--raw plays it all" PWNED "$(sallyport replay --no-wait --raw "$d/evil.cast.gz" | cat -v)"
is "markers are listed without controls" "" "$(sallyport recording commands "$d/evil.cast.gz" | grep -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]')"
is "the same as JSON" 40 "$(sallyport recording commands --json "$d/evil.cast.gz" | jq -s length)"
if command -v tmux >/dev/null; then
	tmux -L "sp$$" -f /dev/null new-session -d -x 100 -y 50 "$SALLYPORT_BUILD/sallyport replay --no-wait $d/evil.cast.gz; touch $d/done; sleep 30"
	wait_for 10 "the replay" test -e "$d/done"
	title=$(tmux -L "sp$$" display-message -p '#{pane_title}')
	clip=$(tmux -L "sp$$" show-buffer 2>/dev/null)
	tmux -L "sp$$" kill-server
	hasnt "tmux: the title is unchanged" PWNED "$title"
	is "tmux: the clipboard is empty" "" "$clip"
fi

# Ten gigabytes of zeros, and of empty lines, in 64 MiB.
head -c 1G /dev/zero | gzip -1 >"$d/g"
for _ in 1 2 3 4 5 6 7 8 9 10; do cat "$d/g"; done >"$d/zeros.cast.gz"
{ printf '{"version": 2, "width": 80, "height": 24}\n'; yes '[1, "o", ""]' | head -c 600M; } | gzip -1 >"$d/lines.cast.gz"
for bomb in zeros lines; do
	if err=$(ulimit -v 65536; exec timeout 60 "$SALLYPORT_BUILD/sallyport" replay --no-wait "$d/$bomb.cast.gz" 2>&1 >/dev/null); then fail "$bomb: played"; fi
	has "$bomb: stops and says so" "not a recording|not an asciicast" "$err"
done

mkdir "$d/rec"
echo secret >"$d/secret.cast.gz"
for id in ../secret ../secret.cast.gz/../../x 'a/../../secret' '..' ''; do
	if SALLYPORT_RECORDINGS=$d/rec sallyport recording cat "$id" >"$d/out" 2>&1; then fail "read: $id"; fi
done
echo "ok: no id leads out of the directory"
