#!/usr/bin/env bash
# vegeta.sh URL FILE TYPE WORKERS SECONDS [FLAG...]: vegeta as fast as it goes, with the body in FILE.
exec vegeta attack -rate 0 -max-workers "$4" -duration "$5s" -header "Content-Type: $3" -body "$2" "${@:6}" -output /dev/null <<<"POST $1"
