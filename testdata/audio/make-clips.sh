#!/usr/bin/env bash
# Makes the clips of this folder: invented radio traffic, spoken by espeak-ng, sent through a radio's band-pass, compressor
# and noise with sox, encoded with ffmpeg in the formats that real clients upload. See README.md for what each one is.
#
#   apt-get install espeak-ng sox ffmpeg && testdata/audio/make-clips.sh
#
# The same versions of these tools make the same bytes: sox runs without dither and with a fixed random seed, ffmpeg writes
# neither its version nor a time.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

sox() { command sox -R -D "$@"; }
encode() { ffmpeg -nostdin -v error -y -i "$1" -ac 1 "${@:3}" -fflags +bitexact -flags:a +bitexact "$2"; }

# transmit OUT VOICE WORDS_PER_MINUTE TEXT: one press of the button, as a 16 kHz receiver hears it. The silence that espeak-ng
# leaves at either end is cut, because a squelch would, and short cuts of a clip must hold speech.
transmit() {
  espeak-ng -v "$2" -s "$3" -w spoken.wav "$4"
  sox spoken.wav -r 16000 voice.wav silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse pad 0.06 0.12 \
    highpass 300 sinc 300-3000 compand 0.005,0.15 6:-60,-40,-30,-16,-10,-8,0,-6 -4 -90 0.01 gain -n -3
  sox -r 16000 -n hiss.wav synth "$(soxi -D voice.wav)" pinknoise sinc 300-3000 gain -n -34
  sox -m -v 1 voice.wav -v 1 hiss.wav "$1"
}

# over OUT IN...: transmissions one after the other, each closed by the burst of noise that a squelch lets through.
over() {
  sox -r 16000 -n tail.wav synth 0.14 whitenoise gain -12 sinc 300-3000 gain -n -16 fade t 0.005 0.14 0.03
  local out=$1 parts=() part
  shift
  for part in "$@"; do parts+=("$part" tail.wav); done
  sox "${parts[@]}" "$out" gain -n -3
}

# synchsafe N: N as ID3v2 writes sizes, seven bits to a byte.
synchsafe() {
  # shellcheck disable=SC2059 # the format is the bytes
  printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 >> 21 & 127)) $(($1 >> 14 & 127)) $(($1 >> 7 & 127)) $(($1 & 127)))"
}

# frame ID TEXT: an ID3v2.4 text frame in ISO 8859-1, as SDRTrunk writes them: not terminated.
frame() {
  printf '%s' "$1"
  synchsafe $((${#2} + 1))
  printf '\0\0\0%s' "$2"
}

# tag TALKGROUP ALIAS RADIO RADIO_ALIAS TIME: the ID3v2.4 tag that SDRTrunk puts before a call, frames in its order.
tag() {
  local comment="Date:$5;System:Example County;Site:North;Name:T-Control;"
  comment+="Decoder:P25 Phase 1;Channel:1-104;Frequency:851012500;"
  {
    printf 'COMM'
    synchsafe $((${#comment} + 5))
    printf '\0\0\0eng\0%s' "$comment"
    frame TALB 'T-Control'
    frame TCOM 'sdrtrunk v0.6.2'
    frame TCON 'Scanner Audio'
    frame TDAT "$5"
    frame TIT1 'Example County'
    frame TIT2 "$1\"$2\""
    frame TPE1 "$3 $4"
    frame TYER "${5%%-*}"
  } >frames.id3
  printf 'ID3\4\0\0'
  synchsafe "$(stat -c %s frames.id3)"
  cat frames.id3
}

# sdrtrunk IN OUT TAG_ARGUMENTS...: MP3, 16 kb/s CBR, 16 kHz. No Xing frame, which would state a length that a cut clip does
# not have; no bit reservoir, so that every frame stands alone and clips can be cut and joined at any of them.
sdrtrunk() {
  encode "$1" audio.mp3 -ar 16000 -c:a libmp3lame -b:a 16k -reservoir 0 -write_xing 0 -id3v2_version 0 -write_id3v1 0
  { tag "${@:3}" && cat audio.mp3; } >"$here/$2"
}

dispatcher=en-us+f2 engine=en-us+m3 medic=en-us+f4 officer=en-us+m7 plow=en-us+m1

transmit d1.wav $dispatcher 165 "Engine 4, Ladder 1, Medic 2. Respond to a reported structure fire, 1 20 Harbor Avenue, \
cross street Mill Road. Caller reports smoke from the second floor."
transmit d2.wav $engine 175 'Engine 4 copies, en route, four on board.'
transmit d3.wav $medic 170 'Medic 2, responding from quarters.'
transmit d4.wav $dispatcher 165 "Engine 4, Medic 2 en route, 14 32. Nearest hydrant is at the corner of Harbor and Mill. \
All units use tack 3 for this incident."
transmit d5.wav $engine 175 'Engine 4, switching to tack 3.'
over dispatch.wav d1.wav d2.wav d3.wav d4.wav d5.wav
sdrtrunk dispatch.wav fire-dispatch-30s.mp3 1001 'FD Dispatch' 4424000 'Dispatch 1' '2025-11-24 14:32:41.250'

transmit t1.wav $engine 165 "Engine 4 on scene. Two story wood frame, light smoke showing from side Charlie. \
Engine 4 has command, stretching a line to the front door."
transmit t2.wav $dispatcher 165 'Engine 4 has command, 14 38.'
over tac.wav t1.wav t2.wav
sdrtrunk tac.wav fire-tac-12s.mp3 1003 'FD Tac 3' 4424104 'Engine 4' '2025-11-24 14:38:12.875'

transmit p1.wav $officer 185 'Unit 27, out with a disabled vehicle, Route 9 at the overpass.'
over police.wav p1.wav
sdrtrunk police.wav police-5s.mp3 2001 'PD Dispatch' 4425027 'Unit 27' '2025-11-24 22:41:03.500'

# trunk-recorder: WAV as it records, and the M4A that it makes of it; 8 kHz, the index before the audio.
transmit r1.wav $dispatcher 180 'Copy, 27. Is the right lane blocked?'
over reply.wav r1.wav
sox reply.wav -r 8000 -b 16 "$here/police-reply-3s.wav"

transmit w1.wav $plow 165 'Plow 6 to base. River Road is salted to the county line. Returning to the yard to reload.'
over works.wav w1.wav
encode works.wav "$here/public-works-6s.m4a" -ar 8000 -c:a aac -b:a 8k -movflags +faststart

# trunk-recorder 5.2.
transmit e1.wav $medic 170 'Medic 2 to county hospital. Inbound with one patient, stable, with you in 8 minutes.'
transmit e2.wav $dispatcher 180 'Medic 2, county hospital copies. Use bay 3 on arrival.'
over ems.wav e1.wav e2.wav
encode ems.wav "$here/ems-10s.m4a" -ar 16000 -c:a aac -b:a 32k -movflags +faststart

# voxcall; with no tag of its own.
transmit v1.wav $officer 185 'Unit 12 to base, traffic is moving again on Route 9. I am clear.'
over vox.wav v1.wav
encode vox.wav "$here/police-vox-5s.mp3" -ar 22050 -c:a libmp3lame -b:a 32k -reservoir 0 -write_xing 0 -id3v2_version 0 -write_id3v1 0
