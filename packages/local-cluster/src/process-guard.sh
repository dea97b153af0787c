#!/bin/sh
# Ends the processes of a supervisor that was killed (SIGKILL, out of memory) before it could stop them.
#
# Standard input comes from the supervisor, one line for each process group: "+ KIND PID" when it has started, "- KIND PID"
# when it has ended. KIND is "service" for a process that stops when its IPC channel closes, "server" for Redis and nginx,
# which do not. End of input means that the supervisor has exited.

services=' '
servers=' '
while read -r sign kind pid; do
  case "$sign $kind" in
    '+ service') services="$services$pid " ;;
    '+ server') servers="$servers$pid " ;;
    '- service') services="${services%% "$pid" *} ${services#* "$pid" }" ;;
    '- server') servers="${servers%% "$pid" *} ${servers#* "$pid" }" ;;
  esac
done

signal() { for pid in $2; do kill -s "$1" -- "-$pid" 2> /dev/null; done; }
is_alive() { for pid in $1; do kill -0 -- "-$pid" 2> /dev/null && return 0; done; return 1; }

# Waits up to ten seconds, then kills.
end() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    is_alive "$1" || return
    sleep 1
  done
  signal KILL "$1"
}

# The services release sessions and complete messages while they stop: Redis ends after them.
end "$services"
signal TERM "$servers"
signal CONT "$servers" # a stopped process handles SIGTERM only when it continues
end "$servers"
