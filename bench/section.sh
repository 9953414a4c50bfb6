#!/usr/bin/env bash
# section.sh: section.sh NAME FILE puts standard input between the markers of NAME in FILE, at its end if they are not there. What
# is outside of the markers stays as it is.
set -euo pipefail
name=$1 file=$2
new=$(mktemp)
trap 'rm -f "$new"' EXIT
{ printf '<!-- begin %s -->\n' "$name"; cat; printf '<!-- end %s -->\n' "$name"; } >"$new"
if grep -q "^<!-- begin $name -->$" "$file"; then
  awk -v name="$name" -v new="$new" '
    $0 == "<!-- begin " name " -->" { while ((getline line < new) > 0) print line; skip = 1 }
    !skip { print }
    $0 == "<!-- end " name " -->" { skip = 0 }' "$file" >"$file.new"
else
  { cat "$file"; echo; cat "$new"; } >"$file.new"
fi
mv "$file.new" "$file"
