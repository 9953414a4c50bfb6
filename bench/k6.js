// k6 uploads calls to URL as its users do: a form with fields and a file, which k6 lays out for each request.
import http from 'k6/http';

const audio = open(__ENV.AUDIO, 'b');

export default function () {
  http.post(__ENV.URL, {
    key: 'test-api-key', system: '100', dateTime: '1764000000', talkgroup: '1001', source: '4424000', frequency: '460012500',
    talkgroupLabel: 'TG 1001', talkgroupGroup: 'Fire', systemLabel: 'System 100',
    audio: http.file(audio, 'call.mp3', 'audio/mpeg'),
  });
}
