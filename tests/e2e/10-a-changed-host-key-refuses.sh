#!/bin/bash
# A target whose host key is not the pinned one gets no login and no command; the agent is told clearly.
. "$(dirname "$0")/lib.sh"
in_demo
is "before" 0 "$(sp demo-web true </dev/null; echo $?)"
ssh-keygen -q -t ed25519 -N '' -f "$SALLYPORT_DEMO_DIR/other"
key=$(cut -d' ' -f1,2 "$SALLYPORT_DEMO_DIR/other.pub")
sed -i "s|host_keys: .*|host_keys: [\"$key\"]|" "$SALLYPORT_DEMO_DIR/sallyport.yaml"
kill -HUP "$(pids_of sallyportd | head -n 1)"
wait_for 10 "the reload" eval '! sp demo-web true </dev/null'
err=$(sp demo-web 'cat app.log' 2>&1 </dev/null)
is "after: 69" 69 "$(sp demo-web true 2>/dev/null </dev/null; echo $?)"
has "with a clear word" 'host key' "$err"
hasnt "and no output" ERROR "$err"
