// k6 uploads calls to URL as its users do: a form with fields and a file, which k6 lays out for each request. The fields are those that
// rdiostress sends as SDRTrunk, and a user's next call is another one, since servers refuse the same one again. What was accepted is told
// by what the reply says, since servers refuse with status 200 too.
import { check } from 'k6';
import http from 'k6/http';

const audio = open(__ENV.AUDIO, 'b');

export default function () {
  const reply = http.post(__ENV.URL, {
    key: 'test-api-key', system: '900', dateTime: String(Math.floor(Date.now() / 1000)), talkgroup: String(1000 + (__ITER % 9000)),
    source: '4000168', frequency: '852925000', talkerAlias: '', talkgroupLabel: 'Elm FD2 Disp', talkgroupGroup: 'Elm Fire North',
    systemLabel: 'rdiostress', patches: '[]',
    audio: http.file(audio, '20261124_215950.000_rs-sg366fki-0000007.mp3', 'audio/mpeg'),
  });
  check(reply, { accepted: (r) => r.body.includes('Call imported successfully.') });
}
